"""Videos, and the faces that are labelled in them.

A directory holds videos and ``faces.csv``: video, frame, x, y, w, h, score, where a row without a
box is a frame without a face. Only the frames it names are judged.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigError
from common.pixels import Bgr

Labels = dict[str, dict[int, NDArray[np.float64]]]
"""For each video and labelled frame the faces, ``(n, 4) float64``."""

MATCH_IOU = 0.25
"""Boxes match above this: labels of neural detectors are taller than Haar's boxes."""
CLASSROOM, CLASSROOM_WIDTH_PX = "classroom.gif", 1280
"""Its faces are 10 to 19 px wide: too small for a cascade unless the picture is enlarged."""


def read_labels(videos: Path) -> Labels:
    """Read the ``faces.csv`` of a directory."""
    rows: dict[str, dict[int, list[list[float]]]] = {}
    with (videos / "faces.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            faces = rows.setdefault(row["video"], {}).setdefault(int(row["frame"]), [])
            if row["w"]:
                faces.append([float(row[name]) for name in ("x", "y", "w", "h")])
    return {
        video: {frame: np.array(faces).reshape(-1, 4) for frame, faces in frames.items()}
        for video, frames in rows.items()
    }


def read_frames(video: Path) -> Iterator[Bgr]:
    """Yield the frames of a video.

    Raises:
        ConfigError: It cannot be read.
    """
    reader = cv2.VideoCapture(str(video))
    if not reader.isOpened():
        raise ConfigError(f"{video} is not a video that OpenCV can read")
    while True:
        read, bgr = reader.read()
        if not read:
            break
        yield np.asarray(bgr, np.uint8)
    reader.release()


def read_labelled(
    video: Path, labels: dict[int, NDArray[np.float64]]
) -> Iterator[tuple[Bgr, NDArray[np.float64] | None]]:
    """Yield each frame with its labelled faces, ``(n, 4)``; None where it has no label.

    ``CLASSROOM`` is enlarged, and its faces with it.
    """
    for place, bgr in enumerate(read_frames(video)):
        frame, faces = bgr, labels.get(place)
        if video.name == CLASSROOM:
            height, width = bgr.shape[:2]
            size = (CLASSROOM_WIDTH_PX, round(height * CLASSROOM_WIDTH_PX / width))
            frame = np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_CUBIC), np.uint8)
            faces = None if faces is None else faces * (CLASSROOM_WIDTH_PX / width)
        yield frame, faces
