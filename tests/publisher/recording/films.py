"""Pictures to record, and recorded videos read back by two readers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from common.contract import Mode
from publisher.recording.sink import KeptPicture
from tests.publisher.faces_and_frames import published


@dataclass(frozen=True)
class Film:
    """What PyAV finds in a video."""

    times_s: list[float]
    keyframes: int
    codec: str
    profile: str
    pixel_format: str
    size: tuple[int, int]
    title: str | None


def picture(number: int, height: int = 120, width: int = 160) -> NDArray[np.uint8]:
    """Draw a picture that tells its number by its brightness."""
    return np.full((height, width, 3), 20 + number * 3 % 220, np.uint8)


def kept(
    number: int,
    pts_s: float,
    camera: str = "cam",
    size: tuple[int, int] = (120, 160),
    mode: Mode = Mode.LIVE,
) -> KeptPicture:
    return KeptPicture(published(number, camera, pts_s=pts_s, mode=mode), picture(number, *size))


def watch(path: Path) -> Film:
    """Decode a video to its end."""
    with av.open(str(path)) as video:
        stream = video.streams.video[0]
        codec = stream.codec_context
        frames = [(frame.time, frame.key_frame) for frame in video.decode(stream)]
        return Film(
            times_s=[time for time, _ in frames if time is not None],
            keyframes=sum(is_key for _, is_key in frames),
            codec=codec.name,
            profile=str(codec.profile),
            pixel_format=str(codec.pix_fmt),
            size=(codec.height, codec.width),
            title=video.metadata.get("title"),
        )


def times_in_opencv(path: Path) -> list[float]:
    """Decode a video with OpenCV, which counts time from the first frame."""
    reader = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    times_s = []
    while reader.read()[0]:
        times_s.append(reader.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    reader.release()
    return times_s
