from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import closing

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from common.errors import SourceError
from common.frames import frame_gray, frame_pixels
from common.messages import Frame
from common.ring import RingReader, RingWriter
from tests.support.hostile_images import jpeg_of_many_scans, sequential_jpeg_of_many_scans

HEIGHT, WIDTH = 48, 64
IN_RING = Frame("cam", 3, 0.1, 1, 2, HEIGHT, WIDTH, "", 1)


def jpeg_of(height: int = HEIGHT, width: int = WIDTH, flags: tuple[int, ...] = ()) -> bytes:
    ramp = np.linspace(0, 255, height * width * 3).reshape(height, width, 3)
    done, encoded = cv2.imencode(".jpg", ramp.astype(np.uint8), flags)
    assert done
    return encoded.tobytes()


def inline(jpeg: bytes) -> Frame:
    return replace(IN_RING, picture=jpeg)


@pytest.fixture
def ring() -> Iterator[RingWriter]:
    with closing(RingWriter(HEIGHT, WIDTH, 2)) as made:
        yield made


def test_pixels_come_from_the_ring(ring: RingWriter) -> None:
    written = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    ring.write(1, written)
    assert np.array_equal(
        frame_pixels(replace(IN_RING, ring=str(ring.path)), RingReader()), written
    )


@pytest.mark.parametrize("flags", [(), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)])
def test_pixels_come_from_the_jpeg_where_there_is_one(flags: tuple[int, ...]) -> None:
    pixels = frame_pixels(inline(jpeg_of(flags=flags)), RingReader())
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert pixels.dtype == np.uint8
    assert pixels[-1, -1].min() > 240


def plain(pixels: NDArray[np.uint8]) -> bytes:
    """Return a PPM or PGM as any program writes it."""
    done, encoded = cv2.imencode(".ppm" if pixels.ndim == 3 else ".pgm", pixels)
    assert done
    return encoded.tobytes()


@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH), (HEIGHT, WIDTH, 3)])
def test_pixels_of_a_plain_picture_are_exact(shape: tuple[int, ...]) -> None:
    written = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    frame = inline(plain(written))
    in_colour = written if len(shape) == 3 else np.repeat(written[:, :, None], 3, axis=2)
    assert np.array_equal(frame_pixels(frame, RingReader()), in_colour)
    in_grey = cv2.cvtColor(in_colour, cv2.COLOR_BGR2GRAY)
    assert np.array_equal(frame_gray(frame, RingReader()), in_grey)


def test_a_plain_picture_of_another_size_is_refused() -> None:
    whole = plain(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    for wrong in (whole[:-1], whole + b"0", plain(np.zeros((WIDTH, HEIGHT, 3), np.uint8))):
        with pytest.raises(SourceError, match="frame 3 of cam carries no sequential JPEG"):
            frame_pixels(inline(wrong), RingReader())


def test_grey_jpeg_has_three_channels_too() -> None:
    done, encoded = cv2.imencode(".jpg", np.full((HEIGHT, WIDTH), 90, np.uint8))
    assert done
    assert frame_pixels(inline(encoded.tobytes()), RingReader()).shape == (HEIGHT, WIDTH, 3)


def hidden(jpeg: bytes) -> bytes:
    """A JPEG behind comments, in one of which is the frame header that a wrong reading finds.

    It is wrong to take the byte that may fill up before a marker for the marker.
    """
    comment = b"\xff\xfe\x10\x00"  # of 4096 bytes with its length
    wrong = 2 + 2 + int.from_bytes(comment[1:3], "big")
    comments = bytearray((comment + bytes(4094)) * 17)
    header = struct.pack(">BBHBHHB", 0xFF, 0xC0, 17, 8, 2000, 2000, 3)
    at = wrong - 3  # behind the start of the image and the byte that fills up
    comments[at : at + len(header)] = header
    return b"\xff\xd8\xff" + bytes(comments) + jpeg[2:]


def test_grey_is_that_of_the_colours_wherever_the_pixels_are(ring: RingWriter) -> None:
    jpeg = inline(jpeg_of())
    bgr = frame_pixels(jpeg, RingReader())
    ring.write(1, bgr)
    expected = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    in_ring = frame_gray(replace(IN_RING, ring=str(ring.path)), RingReader())
    assert np.array_equal(in_ring, expected)
    gray = frame_gray(jpeg, RingReader())
    assert gray.shape == (HEIGHT, WIDTH)
    assert np.abs(gray.astype(int) - expected).max() <= 3  # what colour space and rounding cost


def test_camera_orientation_in_the_jpeg_turns_nothing() -> None:
    turn = b"MM\x00*\x00\x00\x00\x08" + struct.pack(">HHHIHHI", 1, 0x112, 3, 1, 6, 0, 0)
    exif = b"Exif\x00\x00" + turn
    jpeg = jpeg_of()
    marked = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
    assert frame_pixels(inline(marked), RingReader()).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH + 1), (WIDTH, HEIGHT), (1, 1)])
def test_jpeg_of_another_size_than_announced_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(
        SourceError, match="frame 3 of cam carries no sequential JPEG in one scan of 64x48"
    ):
        frame_pixels(inline(jpeg_of(*shape)), RingReader())


def test_bomb_is_refused_before_it_is_decoded() -> None:
    """A header may claim more pixels than there is memory for, or than OpenCV can bear."""
    jpeg = bytearray(jpeg_of())
    at = jpeg.index(b"\xff\xc0")
    for side in (30_000, 65_500):
        jpeg[at + 5 : at + 9] = struct.pack(">HH", side, side)
        claimed = inline(bytes(jpeg))
        for frame in (claimed, replace(claimed, height=side, width=side)):
            with pytest.raises(SourceError):
                frame_pixels(frame, RingReader())


@pytest.mark.parametrize(
    ("jpeg", "height", "width"),
    [
        (jpeg_of(flags=(cv2.IMWRITE_JPEG_PROGRESSIVE, 1)), HEIGHT, WIDTH),
        (jpeg_of_many_scans(side=2000, scans=100_000), 2000, 2000),  # minutes of work in 2 MB
        (hidden(jpeg_of_many_scans(side=2000, scans=1000)), 2000, 2000),
        (sequential_jpeg_of_many_scans(side=2000, scans=10_000), 2000, 2000),
    ],
    ids=["ordinary", "many scans", "hidden", "sequential"],
)
def test_jpeg_of_several_scans_is_refused(jpeg: bytes, height: int, width: int) -> None:
    with pytest.raises(SourceError, match="no sequential JPEG in one scan"):
        frame_pixels(replace(inline(jpeg), height=height, width=width), RingReader())


@pytest.mark.parametrize(
    "data", [b"x", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"\xff\xd8" + b"\xff" * 99]
)
def test_bytes_that_are_no_jpeg_are_refused(data: bytes) -> None:
    with pytest.raises(SourceError):
        frame_pixels(inline(data), RingReader())


def test_picture_of_another_format_is_refused() -> None:
    done, encoded = cv2.imencode(".png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    assert done
    with pytest.raises(SourceError):
        frame_pixels(inline(encoded.tobytes()), RingReader())


@settings(max_examples=100, derandomize=True)
@given(st.data())
def test_damaged_jpeg_gives_pixels_of_the_announced_size_or_is_refused(data: st.DataObject) -> None:
    jpeg = bytearray(jpeg_of())
    for _ in range(data.draw(st.integers(1, 4))):
        jpeg[data.draw(st.integers(0, len(jpeg) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(jpeg)))
    try:
        pixels = frame_pixels(inline(bytes(jpeg[:cut])), RingReader())
    except SourceError:
        return
    assert pixels.shape == (HEIGHT, WIDTH, 3)
