"""Times a loop that does one frame after the other, on some of the frames of a video.

Imports nothing of the project, for ``benchmarks.fer_loop`` runs in an environment of its own.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import cv2


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what both loops are told."""
    parser.add_argument("video", metavar="VIDEO")
    parser.add_argument(
        "--every", type=int, default=1, help="do only every so manieth frame (default 1)"
    )


def time_loop(video: str, every: int, process: Callable[[Any], int]) -> None:
    """Do frames, and print one line of JSON.

    Which is ``began_at_s``, the wall clock before the first frame; ``frames_s`` and
    ``frames_cpu_s``, for each frame that was done how long it took to read and to do it, and the
    CPU time of the process, all threads together; and ``faces``.

    Args:
        video: The file.
        every: Only every so manieth frame is done; those between are read and not counted, for
            each frame is done by itself.
        process: Does a frame, ``(height, width, 3) uint8`` in BGR, and returns how many faces.

    Raises:
        ValueError: There is no frame.
    """
    began_at_s, faces, place = time.time(), 0, 0
    frames_s: list[float] = []
    frames_cpu_s: list[float] = []
    reader = cv2.VideoCapture(video)
    while True:
        started_s, cpu_s = time.perf_counter(), time.process_time()
        read, bgr = reader.read()
        if not read:
            break
        if place % every == 0:
            faces += process(bgr)
            frames_s.append(time.perf_counter() - started_s)
            frames_cpu_s.append(time.process_time() - cpu_s)
        place += 1
    reader.release()
    if not frames_s:
        raise ValueError(f"{video} holds no frame that OpenCV can read")
    timed = {"began_at_s": began_at_s, "frames_s": frames_s, "frames_cpu_s": frames_cpu_s}
    print(json.dumps({**timed, "faces": faces}))
