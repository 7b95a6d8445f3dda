"""From uploaded bytes to what travels on, and what is refused before that; with real decoders."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from capture.sources.images import read_image
from common.frames import picture_pixels
from publisher.uploads.decoder_protocol import MAX_SIDE_PX, MOST_BYTES
from publisher.uploads.decoders import Decoders
from publisher.uploads.errors import BadImageError, ImageTooLargeError
from tests.publisher.uploading import encoded, with_orientation
from tests.publisher.uploads.sending import corner, send
from tests.support import media


def travelled(decoders: Decoders, data: bytes) -> NDArray[np.uint8]:
    """Return the grey pixels as a detector that needs no colour decodes them."""
    image = send(decoders, data)
    bgr = picture_pixels(image.picture, image.height, image.width)
    gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    assert gray.shape == (image.height, image.width)
    return np.asarray(gray, np.uint8)


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
    found = picture_pixels(image.picture, image.height, image.width)
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


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pixels_are_those_of_the_same_image_as_a_source(
    tmp_path: Path, ending: str, channels: int
) -> None:
    if channels == 4 and ending == ".jpg":
        pytest.skip("a JPEG has no transparency")
    noise = np.random.default_rng(0).integers(0, 256, (12, 16, channels), np.uint8)
    smooth = cv2.resize(noise, (161, 121), interpolation=cv2.INTER_CUBIC)
    (tmp_path / "photo").write_bytes(encoded(np.asarray(smooth, np.uint8), ending))
    decoders = Decoders(as_it_is=True)
    try:
        image = send(decoders, (tmp_path / "photo").read_bytes())
    finally:
        decoders.close()
    found = picture_pixels(image.picture, image.height, image.width)
    assert np.array_equal(found, read_image(tmp_path / "photo"))


def test_what_would_be_too_much_travels_as_a_jpeg(decoders: Decoders) -> None:
    image = send(decoders, encoded(np.full((4700, 4700, 3), 90, np.uint8)))
    assert 4700 * 4700 * 3 > MOST_BYTES > len(image.picture)
    assert image.picture.startswith(b"\xff\xd8")


def test_nothing_travels_but_the_pixels(decoders: Decoders) -> None:
    data = io.BytesIO()
    picture = Image.fromarray(corner())
    picture.save(
        data, "JPEG", comment=b"a secret", exif=b"Exif\0\0a secret", icc_profile=b"a secret"
    )
    assert data.getvalue().count(b"a secret") == 3
    assert b"a secret" not in send(decoders, data.getvalue()).picture


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
