"""Tests of capture.sources.images."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from capture.sources.images import (
    MAX_PNG_CHUNKS,
    STILL_FPS,
    ImageFolder,
    StillImage,
    is_image,
    read_image,
)
from capture.sources.source import CapturedFrame
from common.errors import SourceError
from tests.support import hostile_images, media


def read_all(folder: ImageFolder) -> list[CapturedFrame]:
    frames = []
    while (frame := folder.read()) is not None:
        frames.append(frame)
    return frames


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((8, 9), 77, np.uint8),
        np.full((8, 9, 4), 77, np.uint8),
        np.full((8, 9), 77 * 256, np.uint16),
        np.full((8, 9, 3), 77 * 256, np.uint16),
    ],
    ids=["grey", "alpha", "16-bit grey", "16-bit colour"],
)
def test_every_kind_of_png_becomes_bgr_of_8_bits(
    tmp_path: Path, pixels: NDArray[np.integer[Any]]
) -> None:
    path = tmp_path / "p.png"
    cv2.imwrite(str(path), pixels)
    decoded = read_image(path)
    assert decoded.shape == (8, 9, 3)
    assert decoded.dtype == np.uint8
    assert np.all(decoded == 77)


def test_images_are_told_by_content_and_gifs_are_videos(tmp_path: Path) -> None:
    image = tmp_path / "holiday.mp4"
    cv2.imwrite(str(tmp_path / "i.png"), media.picture(9))
    (tmp_path / "i.png").rename(image)
    assert is_image(image)
    assert not is_image(media.write_h264(tmp_path / "v.mp4"))
    assert not is_image(media.write_gif(tmp_path / "v.gif", [0, 100]))


def test_a_folder_is_read_in_plain_name_order_one_a_second(tmp_path: Path) -> None:
    folder = media.write_folder(tmp_path / "f", ["b.png", "10.png", "9.png", "a.jpg"])
    (folder / "notes.txt").write_text("no image")
    (folder / ".hidden.png").write_bytes(b"no image")
    images = ImageFolder(folder)
    frames = read_all(images)
    assert images.total_frames == 4
    assert [frame.pts_s for frame in frames] == [0.0, 1.0, 2.0, 3.0]
    levels = [int(frame.bgr[0, 0, 0]) for frame in frames]
    assert levels == [media.level_of(index) for index in (1, 2, 3, 0)]


CLAIMS_GIGABYTES = """
import resource, sys
from pathlib import Path
from capture.sources.images import read_image
from common.errors import SourceError

resource.setrlimit(resource.RLIMIT_AS, (2**31,) * 2)
try:
    read_image(Path(sys.argv[1]))
except SourceError as error:
    print(error)
"""


@pytest.mark.parametrize("kind", [b"IDAT", b"tEXt"])
def test_a_png_of_57_bytes_that_claims_four_gigabytes_gets_no_memory(
    tmp_path: Path, kind: bytes
) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(hostile_images.png(0xFFFFFFF0.to_bytes(4, "big") + kind))
    command = [sys.executable, "-c", CLAIMS_GIGABYTES, str(path)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ran.stdout == "is cut short\n", ran.stderr


def test_a_png_of_endless_parts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(hostile_images.png_of_many_chunks(MAX_PNG_CHUNKS + 1))
    with pytest.raises(SourceError, match="has more than 200000 parts"):
        read_image(path)


def test_a_damaged_image_is_a_black_frame_that_has_failed_and_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = media.write_folder(tmp_path / "f", ["a.png", "b.png", "c.png"])
    (folder / "a.png").write_bytes(b"broken")
    frames = read_all(ImageFolder(folder))
    assert [(frame.source, frame.pts_s, frame.failed) for frame in frames] == [
        ("a.png", 0.0, True),
        ("b.png", 1.0, False),
        ("c.png", 2.0, False),
    ]
    assert frames[0].bgr.shape == frames[1].bgr.shape
    assert not frames[0].bgr.any()
    assert caplog.messages == ["a.png has failed: it is not an image that can be read"]


def test_a_folder_of_nothing_but_damaged_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    with pytest.raises(SourceError, match="1 images, none of which can be decoded"):
        ImageFolder(tmp_path)


def whole_jpeg(path: Path, *, progressive: bool = False, preview: bytes = b"") -> bytes:
    """Write a picture as a JPEG, with a preview as cameras put one before it; return its bytes."""
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    data = cv2.imencode(".jpg", noise, options)[1].tobytes()
    if preview:
        length = (2 + len(preview)).to_bytes(2, "big")
        data = data[:2] + b"\xff\xff\xe2" + length + preview + data[2:]  # filled up by a byte
    path.write_bytes(data)
    return data


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_is_cut_short_is_refused_wherever_it_is_cut(
    tmp_path: Path, progressive: bool
) -> None:
    path = tmp_path / "photo.jpg"
    preview = whole_jpeg(path)[:20_000] + b"\xff\xd9"
    whole = whole_jpeg(path, progressive=progressive, preview=preview)
    assert read_image(path).shape == (240, 320, 3)
    path.write_bytes(whole + b"what some phones write behind it")
    assert read_image(path).shape == (240, 320, 3)
    for length in (len(whole) - 1, len(whole) // 2, len(preview) + 300, len(preview), 2):
        path.write_bytes(whole[:length])
        with pytest.raises(SourceError, match="is cut short"):
            read_image(path)


@pytest.mark.parametrize("suffix", [".bmp", ".png", ".tif", ".webp"])
def test_half_an_image_is_refused_in_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"photo{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    cv2.imwrite(str(path), noise)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError):
        read_image(path)


def test_an_image_whose_name_is_not_utf_8_has_failed_and_ends_nothing(tmp_path: Path) -> None:
    folder = media.write_folder(tmp_path / "f", ["b.png"])
    (folder / "b.png").rename(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png"))
    cv2.imwrite(str(folder / "z.png"), media.picture(9))
    frames = read_all(ImageFolder(folder))
    assert [(frame.source, frame.failed) for frame in frames] == [
        ("caf?.png", True),
        ("z.png", False),
    ]


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="folder without images"):
        ImageFolder(tmp_path)


def test_a_folder_starts_over(tmp_path: Path) -> None:
    images = ImageFolder(media.write_folder(tmp_path / "f", ["a.png", "b.png"]))
    read_all(images)
    images.rewind()
    assert len(read_all(images)) == 2


def test_one_image_is_one_frame_or_a_still_picture(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    cv2.imwrite(str(path), media.picture(50))
    once = StillImage(path, repeats=False)
    assert once.total_frames == 1
    assert [once.read() is None for _ in range(3)] == [False, True, True]
    still = StillImage(path, repeats=True)
    assert still.total_frames == 0
    frames = [frame for frame in (still.read() for _ in range(5)) if frame]
    assert [frame.pts_s for frame in frames] == [index / STILL_FPS for index in range(5)]
    assert [frame.cut for frame in frames] == [True] * 5
    assert {frame.source for frame in frames} == {"p.png"}


def test_a_decompression_bomb_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    bomb = media.write_png_bomb(tmp_path / "bomb.png", 30_000, 30_000)
    code = """
import resource, sys
from pathlib import Path
from typing import Any
from capture.sources.images import read_image
from common.errors import SourceError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_image(Path(sys.argv[1]))
except SourceError as error:
    print(error)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
unit = 1 if sys.platform == "darwin" else 1024
print(grown * unit < 50e6)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(bomb)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["has more than 64 million pixels", "True"]
    assert done.stderr == ""
