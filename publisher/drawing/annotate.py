"""Drawing: faces into a frame, and pictures that say why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from common.opencv import cv2
from common.pixels import Bgr
from publisher.drawing.look import NOTICE_SIZE
from publisher.drawing.palette import Colour, bgr_of, is_dashed, text_on
from publisher.faces import Box

FONT = cv2.FONT_HERSHEY_DUPLEX
REFERENCE_HEIGHT_PX = 540
"""At this height lines are 2 px wide and letters 14 px high; both grow with the frame."""
LETTER_SCALE = 0.6
SMALLEST_LETTERS = 0.38
DASH = 5
"""Dashes and the gaps between them are so many times as long as lines are wide."""


class Labelled(Protocol):
    """What of a face is drawn; attributes as those of ``publisher.faces.Face``."""

    @property
    def box(self) -> Box:
        """Where it is."""

    @property
    def label(self) -> str | None:
        """What it shows."""

    @property
    def confidence(self) -> float | None:
        """How probable that is."""


def annotate(bgr: Bgr, faces: Sequence[Labelled]) -> Bgr:
    """Return a copy of a frame with a box and a label for each face."""
    drawn: Bgr = bgr.copy()
    for face in faces:
        _draw_box(drawn, face)
    for face in faces:  # labels last, so that no box runs through one
        if face.label is not None:
            sure = "" if face.confidence is None else f" {face.confidence * 100:.0f} %"
            _draw_label(drawn, face, face.label + sure)
    return drawn


def _scale(height: int, width: int) -> float:
    """Return the size of lines and letters for a frame, 1 at the reference height."""
    return min(height, width * 0.75) / REFERENCE_HEIGHT_PX


def _draw_box(drawn: Bgr, face: Labelled) -> None:
    x, y, w, h = face.box
    line = max(1, round(2 * _scale(*drawn.shape[:2])))
    corners = (x, y), (x + w - 1, y + h - 1)
    cv2.rectangle(drawn, *corners, (24, 24, 24), line + 2, cv2.LINE_AA)
    if is_dashed(face.label):
        _draw_dashes(drawn, *corners, bgr_of(face.label), line)
    else:
        cv2.rectangle(drawn, *corners, bgr_of(face.label), line, cv2.LINE_AA)


def _draw_dashes(
    drawn: Bgr, first: tuple[int, int], last: tuple[int, int], colour: Colour, line: int
) -> None:
    """Draw a dashed rectangle between two corners."""
    (left, top), (right, bottom), dash = first, last, DASH * line
    for x in range(left, right, 2 * dash):
        for y in (top, bottom):
            cv2.line(drawn, (x, y), (min(x + dash, right), y), colour, line)
    for y in range(top, bottom, 2 * dash):
        for x in (left, right):
            cv2.line(drawn, (x, y), (x, min(y + dash, bottom)), colour, line)


def _draw_label(drawn: Bgr, face: Labelled, text: str) -> None:
    """Write "happy 93 %" on a bar over the face, or inside its box where there is no room."""
    height, width = drawn.shape[:2]
    scale = _letters(text, face.box, _scale(height, width))
    thick = max(1, round(scale * 1.3))
    (text_w, text_h), below = cv2.getTextSize(text, FONT, scale, thick)
    pad = max(2, round(text_h * 0.4))
    bar_w, bar_h = text_w + 2 * pad, text_h + below // 2 + 2 * pad
    x, y = face.box[0], face.box[1] - bar_h
    if y < 0:
        y = face.box[1]
    x, y = _inside(x, bar_w, width), _inside(y, bar_h, height)
    colour = bgr_of(face.label)
    cv2.rectangle(drawn, (x, y), (x + bar_w - 1, y + bar_h - 1), colour, cv2.FILLED)
    _write(drawn, text, (x + pad, y + pad + text_h), scale, text_on(colour), thick)


def _letters(text: str, box: Box, scale: float) -> float:
    """Make letters small enough that neighbours' labels rarely meet, but never unreadable."""
    wanted = max(SMALLEST_LETTERS, LETTER_SCALE * scale)
    (text_w, _), _ = cv2.getTextSize(text, FONT, wanted, 1)
    return max(SMALLEST_LETTERS, min(wanted, wanted * 1.4 * box[2] / text_w))


def _inside(start: int, length: int, limit: int) -> int:
    """Move a bar so that it lies in the frame, or at least begins there."""
    return max(0, min(start, limit - length))


def _write(
    drawn: Bgr, text: str, at: tuple[int, int], scale: float, colour: Colour, thick: int
) -> None:
    cv2.putText(drawn, text, at, FONT, scale, colour, thick, cv2.LINE_AA)


def notice(text: str, size: tuple[int, int] = NOTICE_SIZE) -> Bgr:
    """Draw a dark picture of ``size`` (width, height) that says ``text``, wrapped and centred."""
    width, height = max(160, size[0]), max(120, size[1])
    drawn = np.full((height, width, 3), (34, 30, 28), np.uint8)
    scale = max(SMALLEST_LETTERS, 0.75 * _scale(height, width))
    thick = max(1, round(scale * 1.3))
    writable = text.encode("ascii", "replace").decode()  # the font has no more
    lines = _wrap(writable, scale, thick, int(width * 0.86))
    step = math.ceil(cv2.getTextSize("Ay", FONT, scale, thick)[0][1] * 2.1)
    y = (height - step * (len(lines) - 1)) // 2
    for line in lines:
        (text_w, text_h), _ = cv2.getTextSize(line, FONT, scale, thick)
        _write(drawn, line, ((width - text_w) // 2, y + text_h // 2), scale, (225, 222, 218), thick)
        y += step
    return drawn


def _wrap(text: str, scale: float, thick: int, limit_px: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and cv2.getTextSize(longer, FONT, scale, thick)[0][0] > limit_px:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def encode_jpeg(bgr: Bgr, quality: int) -> bytes:
    """Encode a picture.

    Args:
        bgr: The picture.
        quality: 0 to 100.

    Raises:
        ValueError: It is too large for a JPEG, or empty.
    """
    encoded, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        raise ValueError(f"cannot encode a picture of shape {bgr.shape} as JPEG")
    return jpeg.tobytes()
