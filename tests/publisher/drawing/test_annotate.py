"""Drawing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from publisher.drawing.annotate import annotate, encode_jpeg, notice
from publisher.drawing.palette import COLOURS, bgr_of, colour_of, text_on
from publisher.faces import TURNED_AWAY, Box, Face
from publisher.tracking.smoothing import UNCERTAIN

SIZES = [(32, 24), (160, 120), (640, 480), (1280, 720), (3840, 2160), (200, 1200)]


def face(box: Box, label: str | None = "surprise") -> Face:
    return Face(box, 1, True, label, 0.934, (), (), reused=False)


def black(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.zeros((height, width, 3), np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_the_frame_itself_is_not_touched(size: tuple[int, int]) -> None:
    frame = black(*size)
    frame.setflags(write=False)
    drawn = annotate(frame, [face((size[0] // 4, size[1] // 4, size[0] // 3, size[1] // 3))])
    assert drawn.shape == frame.shape
    assert not frame.any()
    assert drawn.any()


@pytest.mark.parametrize("size", SIZES[1:])
@pytest.mark.parametrize("corner", ["left top", "right bottom", "outside"])
def test_labels_stay_in_the_frame(size: tuple[int, int], corner: str) -> None:
    width, height = size
    side = min(size) // 4
    at = {
        "left top": (0, 0),
        "right bottom": (width - side, height - side),
        "outside": (-side // 2, -side // 2),
    }[corner]
    drawn = annotate(black(*size), [face((*at, side, side))])
    filled = np.all(drawn == bgr_of("surprise"), axis=2)
    # The bar behind the letters: rows and columns in which the colour covers more than the lines.
    assert filled.sum(axis=1).max() > min(side * 0.7, 40)
    assert filled.sum() > 150


def test_lines_and_letters_grow_with_the_frame() -> None:
    small, large = (
        np.all(annotate(black(w, h), [face((w // 3, h // 3, w // 4, h // 3))]) != 0, axis=2).sum()
        for w, h in ((640, 480), (2560, 1920))
    )
    assert large > small * 8


def test_a_face_without_a_label_is_a_plain_box() -> None:
    drawn = annotate(black(640, 480), [face((200, 200, 100, 100), None)])
    assert not drawn[:190].any()
    assert np.all(drawn[200, 210:290] == bgr_of(None)).all()


def test_a_face_that_is_turned_away_says_so_in_a_colour_that_no_expression_has() -> None:
    away = Face((200, 200, 150, 150), 1, True, TURNED_AWAY, None, (), (), reused=False)
    drawn = annotate(black(640, 480), [away])
    bar = drawn[180:200, 200:330]
    assert np.all(bar == bgr_of(TURNED_AWAY), axis=2).mean() > 0.4
    assert np.all(bar > 200, axis=2).any()  # letters
    assert colour_of(TURNED_AWAY) not in (*COLOURS.values(), colour_of(None))


def test_an_uncertain_face_has_a_dashed_box() -> None:
    """Its grey is hardly told from that of neutral."""
    box = (100, 200, 300, 200)

    def share(label: str) -> float:
        drawn = annotate(black(640, 480), [face(box, label)])
        bottom = drawn[box[1] + box[3] - 1, box[0] + 5 : box[0] + box[2] - 5]
        return float(np.all(bottom == bgr_of(label), axis=1).mean())

    assert share("neutral") == 1
    assert 0.3 < share(UNCERTAIN) < 0.7


def test_every_expression_has_a_colour_of_its_own_and_readable_letters() -> None:
    assert len(set(COLOURS.values())) == 7
    for label in COLOURS:
        background, text = bgr_of(label), text_on(bgr_of(label))
        assert abs(np.mean(background) - np.mean(text)) > 60


@pytest.mark.parametrize("size", [*SIZES, (0, 0)])
def test_a_notice_is_readable_at_any_size(size: tuple[int, int]) -> None:
    drawn = notice("Kamera 1 is offline since 12:03:04: the device cannot be opened", size)
    assert drawn.shape[0] >= 120
    bright = np.argwhere(drawn.max(axis=2) > 150)
    assert len(bright) > 100
    assert bright[:, 1].min() > 0
    assert bright[:, 1].max() < drawn.shape[1] - 1


def test_a_jpeg_decodes_to_its_picture() -> None:
    frame = np.full((48, 64, 3), (10, 120, 200), np.uint8)
    decoded = cv2.imdecode(np.frombuffer(encode_jpeg(frame, 90), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.abs(decoded.astype(int) - frame).max() < 6


def test_what_is_too_large_for_a_jpeg_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot encode"):
        encode_jpeg(np.zeros((1, 70_000, 3), np.uint8), 80)
