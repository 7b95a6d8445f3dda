"""From uploaded bytes to pixels, and what is refused before there are any."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from publisher.uploads.errors import BadImageError, ImageTooLargeError
from publisher.uploads.image import MAX_SIDE_PX, for_travel, pixels_of
from publisher.uploads.upload import Upload
from tests.publisher.uploading import encoded, with_orientation
from tests.support import media


def upload(data: bytes) -> Upload:
    return Upload("group.jpg", data)


def travelled(data: bytes) -> NDArray[np.uint8]:
    """Return the grey pixels as a detector that needs no colour decodes them."""
    image = for_travel(upload(data))
    gray = cv2.imdecode(np.frombuffer(image.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert gray is not None
    assert gray.shape == (image.height, image.width)
    return np.asarray(gray, np.uint8)


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
    ],
    ids=["JPEG", "PNG", "WebP", "GIF", "alpha", "grey PNG", "grey JPEG", "16 bits"],
)
def test_every_kind_of_image_travels_and_can_be_drawn_into(
    pixels: NDArray[np.uint8], ending: str
) -> None:
    data = encoded(pixels, ending)
    gray = travelled(data)
    assert gray.shape == (40, 60)
    assert gray[:20, :30].mean() == pytest.approx(220, abs=4)
    assert gray[20:, 30:].mean() == pytest.approx(20, abs=4)
    bgr = pixels_of(upload(data))
    assert bgr.shape == (40, 60, 3)
    assert bgr[:20, :30].mean() == pytest.approx(220, abs=4)


def test_colours_travel_for_detectors_that_look_at_them() -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, :30, 0] = pixels[:, 30:, 2] = 200
    image = for_travel(upload(encoded(pixels, ".png")))
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
def test_photographs_of_a_turned_camera_are_turned_upright(orientation: int, light: str) -> None:
    data = with_orientation(encoded(corner()), orientation)
    gray = travelled(data)
    assert gray.shape == ((60, 40) if orientation >= 5 else (40, 60))
    row = 5 if light.startswith("upper") else -5
    column = 5 if light.endswith("left") else -5
    assert gray[row, column] > 180
    assert (gray > 128).mean() == pytest.approx(0.25, abs=0.05)
    assert pixels_of(upload(data))[row, column].min() > 180


def test_first_picture_of_an_animation_counts(tmp_path: Path) -> None:
    animation = media.write_gif(tmp_path / "v.gif", [0, 100, 200])
    read, first = cv2.VideoCapture(str(animation)).read()
    assert read
    gray = travelled(animation.read_bytes())
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
def test_what_is_no_image_is_refused_by_name(data: bytes, why: str) -> None:
    for use in (for_travel, pixels_of):
        with pytest.raises(
            BadImageError, match=rf"group\.jpg .*{why}|group\.jpg cannot be decoded"
        ):
            use(upload(data))


def test_formats_whose_decoders_are_not_offered_are_refused() -> None:
    for ending in (".tiff", ".bmp", ".jp2", ".ppm", ".avif"):
        if cv2.haveImageWriter(f"x{ending}"):
            with pytest.raises(BadImageError, match="send a JPEG"):
                for_travel(upload(encoded(corner(), ending)))


def test_a_side_too_long_for_a_jpeg_is_refused() -> None:
    data = encoded(np.zeros((MAX_SIDE_PX + 1, 1), np.uint8), ".png")
    with pytest.raises(ImageTooLargeError, match=f"at most {MAX_SIDE_PX} a side"):
        for_travel(upload(data))


@pytest.mark.parametrize("ending", [".png", ".gif", ".webp", ".jpg"])
def test_a_decompression_bomb_is_refused_before_memory_is_taken(
    tmp_path: Path, ending: str
) -> None:
    code = """
import resource, sys
from pathlib import Path
from publisher.uploads.image import pixels_of, for_travel
from publisher.uploads.upload import Upload
data = Path(sys.argv[1]).read_bytes()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for use in (for_travel, pixels_of):
    try:
        use(Upload("bomb", data))
    except Exception as error:
        print(type(error).__name__, error)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
unit = 1 if sys.platform == "darwin" else 1024
print(grown * unit / 1e6 < 20)
"""
    bomb = tmp_path / "bomb"
    bomb.write_bytes(BOMBS[ending](tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", code, str(bomb)], capture_output=True, text=True, check=True
    )
    refused = "ImageTooLargeError bomb has more than 64 million pixels; make it smaller"
    assert done.stdout.splitlines() == [refused, refused, "True"]


def png_bomb(folder: Path) -> bytes:
    return media.write_png_bomb(folder / "b.png", 30_000, 30_000).read_bytes()


def gif_bomb(_: Path) -> bytes:
    side = (60_000).to_bytes(2, "little")
    picture = b"," + bytes(4) + side + side + b"\0" + b"\x02\x02\x4c\x01\0"
    return b"GIF89a" + side + side + b"\x80\0\0" + bytes(6) + picture + b";"


def webp_bomb(_: Path) -> bytes:
    """The first picture says 16,000 x 16,000 in its VP8L header."""
    sides = (15_999 | 15_999 << 14).to_bytes(4, "little")
    chunk = b"VP8L" + (30).to_bytes(4, "little") + b"\x2f" + sides + bytes(25)
    return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk


def jpeg_bomb(_: Path) -> bytes:
    """A small JPEG whose frame header says 60,000 x 60,000."""
    jpeg = encoded(corner())
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + (60_000).to_bytes(2, "big") * 2 + jpeg[at + 4 :]


BOMBS = {".png": png_bomb, ".gif": gif_bomb, ".webp": webp_bomb, ".jpg": jpeg_bomb}
