"""From uploaded bytes to what travels on, and what is refused before that; with real decoders."""

from __future__ import annotations

import io
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PIL import Image

from publisher.uploads.decoder_protocol import MAX_SIDE_PX
from publisher.uploads.decoders import Decoders
from publisher.uploads.errors import BadImageError, ImageTooLargeError, NoAnswerError
from publisher.uploads.upload import TravellingImage, Upload
from tests.publisher.uploading import encoded, with_orientation
from tests.support import hostile_images, media
from tests.support.waiting import DEADLINE_S, eventually


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    made = Decoders()
    yield made
    made.close()


def send(decoders: Decoders, data: bytes, patience_s: float = DEADLINE_S) -> TravellingImage:
    upload = Upload("group.jpg", data)
    return decoders.for_travel(upload, "somebody", time.monotonic() + patience_s)


def travelled(decoders: Decoders, data: bytes) -> NDArray[np.uint8]:
    """Return the grey pixels as a detector that needs no colour decodes them."""
    image = send(decoders, data)
    gray = cv2.imdecode(np.frombuffer(image.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert gray is not None
    assert gray.shape == (image.height, image.width)
    return np.asarray(gray, np.uint8)


def processes() -> list[psutil.Process]:
    """Return the decoders that run."""
    return psutil.Process().children()


def at_work(
    decoders: Decoders, pool: ThreadPoolExecutor
) -> tuple[Future[TravellingImage], psutil.Process]:
    """Have a picture decoded that takes long; return when its decoder works."""
    send(decoders, encoded(corner()))
    (decoder,) = processes()
    used_s = decoder.cpu_times().user
    waited = pool.submit(
        send, decoders, hostile_images.jpeg_of_many_scans(hostile_images.MANY_PIXELS)
    )
    eventually(lambda: decoder.cpu_times().user > used_s + 0.1, "work")
    return waited, decoder


def corner(height: int = 40, width: int = 60, channels: int = 3) -> NDArray[np.uint8]:
    """A dark picture whose upper left quarter is light."""
    pixels = np.full((height, width, channels), 20, np.uint8)
    pixels[: height // 2, : width // 2] = 220
    return pixels


@pytest.mark.parametrize(
    ("pixels", "ending"),
    [
        (corner(), ".jpg"),
        (corner(), ".png"),
        (corner(), ".webp"),
        (corner(), ".gif"),
        (corner(channels=4), ".png"),
        (corner()[:, :, 0], ".png"),
        (corner()[:, :, 0], ".jpg"),
        (corner().astype(np.uint16) * 257, ".png"),
        (corner()[:, :, 0].astype(np.uint16) * 257, ".png"),
    ],
    ids=["JPEG", "PNG", "WebP", "GIF", "alpha", "grey PNG", "grey JPEG", "16 bits", "16 bits grey"],
)
def test_every_kind_of_image_travels(
    decoders: Decoders, pixels: NDArray[np.uint8], ending: str
) -> None:
    gray = travelled(decoders, encoded(pixels, ending))
    assert gray.shape == (40, 60)
    assert gray[:20, :30].mean() == pytest.approx(220, abs=4)
    assert gray[20:, 30:].mean() == pytest.approx(20, abs=4)


def test_colours_travel_for_detectors_that_look_at_them(decoders: Decoders) -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, :30, 0] = pixels[:, 30:, 2] = 200
    image = send(decoders, encoded(pixels, ".png"))
    found = cv2.imdecode(np.frombuffer(image.jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    assert found.shape == pixels.shape
    assert np.abs(found.astype(int) - pixels).mean() < 8


@pytest.mark.parametrize(
    ("orientation", "light"),
    [
        (1, "upper left"),
        (2, "upper right"),
        (3, "lower right"),
        (4, "lower left"),
        (5, "upper left"),
        (6, "upper right"),
        (7, "lower right"),
        (8, "lower left"),
    ],
)
def test_photographs_of_a_turned_camera_are_turned_upright(
    decoders: Decoders, orientation: int, light: str
) -> None:
    data = with_orientation(encoded(corner()), orientation)
    gray = travelled(decoders, data)
    assert gray.shape == ((60, 40) if orientation >= 5 else (40, 60))
    row = 5 if light.startswith("upper") else -5
    column = 5 if light.endswith("left") else -5
    assert gray[row, column] > 180
    assert (gray > 128).mean() == pytest.approx(0.25, abs=0.05)


def test_nothing_travels_but_the_pixels(decoders: Decoders) -> None:
    data = io.BytesIO()
    picture = Image.fromarray(corner())
    picture.save(
        data, "JPEG", comment=b"a secret", exif=b"Exif\0\0a secret", icc_profile=b"a secret"
    )
    assert data.getvalue().count(b"a secret") == 3
    assert b"a secret" not in send(decoders, data.getvalue()).jpeg


def test_first_picture_of_an_animation_counts(decoders: Decoders, tmp_path: Path) -> None:
    animation = media.write_gif(tmp_path / "v.gif", [0, 100, 200])
    read, first = cv2.VideoCapture(str(animation)).read()
    assert read
    gray = travelled(decoders, animation.read_bytes())
    assert np.abs(gray.astype(int) - cv2.cvtColor(first, cv2.COLOR_BGR2GRAY)).mean() < 3


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not an image"),
        (b"hello", "not an image"),
        (b"%PDF-1.7 and so on", "not an image"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "not an image"),
        (b"\xff\xd8\xff" + bytes(200), "damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "damaged"),
        (b"GIF89a" + bytes(200), "damaged"),
        (b"RIFF\x24\x00\x00\x00WEBP" + bytes(200), "damaged"),
        (encoded(corner(400, 400), ".png")[:300], "damaged"),
    ],
)
def test_what_is_no_image_is_refused_by_name(decoders: Decoders, data: bytes, why: str) -> None:
    with pytest.raises(BadImageError, match=rf"group\.jpg is {why}"):
        send(decoders, data)


def test_formats_whose_decoders_are_not_offered_are_refused(decoders: Decoders) -> None:
    for ending in (".tiff", ".bmp", ".jp2", ".ppm", ".avif"):
        if cv2.haveImageWriter(f"x{ending}"):
            with pytest.raises(BadImageError, match="send a JPEG"):
                send(decoders, encoded(corner(), ending))


def test_a_side_too_long_for_a_jpeg_is_refused(decoders: Decoders) -> None:
    data = encoded(np.zeros((MAX_SIDE_PX + 1, 1), np.uint8), ".png")
    with pytest.raises(ImageTooLargeError, match=f"at most {MAX_SIDE_PX} a side"):
        send(decoders, data)


@pytest.mark.parametrize("ending", hostile_images.BOMBS)
def test_a_decompression_bomb_is_refused_before_memory_is_taken(
    decoders: Decoders, tmp_path: Path, ending: str
) -> None:
    send(decoders, encoded(corner()))
    (decoder,) = processes()
    before = decoder.memory_info().rss
    with pytest.raises(ImageTooLargeError, match="more than 64 million pixels; make it smaller"):
        send(decoders, hostile_images.BOMBS[ending](tmp_path))
    assert decoder.memory_info().rss - before < 20e6


def test_animation_with_a_broken_picture_is_its_first_picture(decoders: Decoders) -> None:
    image = send(decoders, hostile_images.animated_png_with_an_unknown_filter())
    assert (image.height, image.width) == (hostile_images.SIDE, hostile_images.SIDE)


def test_picture_that_claims_what_it_does_not_hold_takes_no_memory(decoders: Decoders) -> None:
    send(decoders, encoded(corner()))
    (decoder,) = processes()
    before = decoder.memory_info().rss
    with pytest.raises(BadImageError, match="damaged"):
        send(decoders, hostile_images.png_that_claims_four_gigabytes())
    assert decoder.memory_info().rss - before < 20e6


@pytest.mark.parametrize(
    "bomb", [hostile_images.jpeg_of_many_scans, hostile_images.png_of_many_chunks]
)
def test_picture_that_takes_too_long_ends_its_decoder_and_the_next_has_another(
    decoders: Decoders, bomb: Callable[[], bytes]
) -> None:
    send(decoders, encoded(corner()))
    first = processes()
    with pytest.raises(BadImageError, match="takes too long to decode"):
        send(decoders, bomb())
    (second,) = processes()  # which is there before it is asked for
    assert second not in first
    send(decoders, encoded(corner()))
    assert processes() == [second]


def test_picture_that_takes_too_much_memory_is_refused(decoders: Decoders) -> None:
    data = io.BytesIO()
    side = hostile_images.MANY_PIXELS
    Image.new("RGB", (side, side)).save(data, "WEBP", lossless=True, quality=0, method=0)
    with pytest.raises(ImageTooLargeError, match="more than 1000 MB"):
        send(decoders, data.getvalue())
    send(decoders, encoded(corner()))


def test_decoder_that_is_killed_in_its_work_is_replaced(decoders: Decoders) -> None:
    with ThreadPoolExecutor(1) as pool:
        waited, decoder = at_work(decoders, pool)
        decoder.send_signal(signal.SIGSEGV)
        with pytest.raises(BadImageError, match="its decoder ended with SIGSEGV"):
            waited.result()
    send(decoders, encoded(corner()))


def test_decoder_that_is_killed_while_idle_is_nobodys_fault(decoders: Decoders) -> None:
    send(decoders, encoded(corner()))
    (decoder,) = processes()
    decoder.kill()
    eventually(lambda: decoder.status() == psutil.STATUS_ZOMBIE, "its end")
    send(decoders, encoded(corner()))


def test_decoder_that_is_frozen_lets_one_image_be_late(decoders: Decoders) -> None:
    send(decoders, encoded(corner()))
    (decoder,) = processes()
    decoder.suspend()
    with pytest.raises(NoAnswerError, match=r"group\.jpg: not done"):
        send(decoders, encoded(corner()), patience_s=0.2)
    send(decoders, encoded(corner()))
    assert not decoder.is_running()


def test_decoder_that_cannot_start_is_told_apart_from_a_damaged_image(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.uploads.decoder_process.MODULE", "publisher.uploads.nothing")
    with pytest.raises(NoAnswerError, match="does not start"):
        send(decoders, encoded(corner()))


def test_closed_decoders_tell_who_waits(decoders: Decoders) -> None:
    with ThreadPoolExecutor(1) as pool:
        waited, _ = at_work(decoders, pool)
        decoders.close()
        with pytest.raises(NoAnswerError, match="ending"):
            waited.result()
    with pytest.raises(NoAnswerError, match="ending"):
        send(decoders, encoded(corner()))
