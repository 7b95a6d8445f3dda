"""Makes the videos and images that the tests read: real files, written by PyAV and OpenCV."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

DEMO = Path(__file__).resolve().parents[2] / "capture" / "demo" / "demo.mp4"
"""The bundled clip: 720 frames of 640x480, with up to three faces."""
DEMO_FPS = 30
WIDTH, HEIGHT = 64, 48
VARIABLE_MS = (0, 33, 100, 133, 500, 540, 1000, 1010, 1500, 3000)


def picture(level: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A plain frame of one grey level."""
    return np.full((height, width, 3), level, np.uint8)


def level_of(index: int) -> int:
    """The grey level of the frame at a position, apart enough to survive compression."""
    return 10 + index * 20 % 240


def write_h264(
    path: Path,
    times_ms: Sequence[int] = VARIABLE_MS,
    options: dict[str, str] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Path:
    """H.264 in the container of the file's suffix, one frame at each time."""
    time_base = Fraction(1, 1000)
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = time_base
        stream.codec_context.gop_size = 5
        for index, time_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(picture(level_of(index), *size), format="bgr24")
            frame.pts, frame.time_base = time_ms, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_gif(path: Path, times_ms: Sequence[int]) -> Path:
    """An animated gif, one frame at each time, in steps of 10 ms."""
    time_base = Fraction(1, 100)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("gif", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "rgb8"
        stream.codec_context.time_base = time_base
        for index, time_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(picture(level_of(index)), format="bgr24")
            frame = frame.reformat(format="rgb8")
            frame.pts, frame.time_base = time_ms // 10, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_mjpeg_avi(path: Path, frames: int, fps: float = 10.0) -> Path:
    """Motion JPEG in an avi."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (WIDTH, HEIGHT))
    for index in range(frames):
        writer.write(picture(level_of(index)))
    writer.release()
    return path


def cut_demo(path: Path, first: int, frames: int, tiles: int = 1) -> Path:
    """Some frames of the bundled clip as Motion JPEG, ``tiles`` times across and down."""
    reader = cv2.VideoCapture(str(DEMO))
    size = (640 * tiles, 480 * tiles)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), DEMO_FPS, size)
    for index in range(first + frames):
        read, bgr = reader.read()
        assert read
        if index >= first:
            writer.write(np.tile(bgr, (tiles, tiles, 1)))
    writer.release()
    reader.release()
    return path


def write_raw_h264(path: Path, frames: int) -> Path:
    """An H.264 stream without any container, hence without timestamps."""
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(level_of(index)), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_folder(folder: Path, names: Sequence[str]) -> Path:
    """A folder of images, the level of each after its place in ``names``."""
    folder.mkdir()
    for index, name in enumerate(names):
        cv2.imwrite(str(folder / name), picture(level_of(index)))
    return folder


def write_png_bomb(path: Path, width: int, height: int) -> Path:
    """A tiny PNG that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
    return path
