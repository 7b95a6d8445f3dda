"""Reads files as a capture does, in a process that may die of them.

``python -m tools.fuzz.read_sources FILE...`` prints a line for each file: how many frames it gave,
or why it was refused. What is neither ends the process.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np

from capture.sources.images import StillImage, is_image
from capture.sources.source import Recording
from capture.sources.video_file import VideoFile
from common.errors import SourceError
from common.opencv import MAX_PIXELS

MEMORY_BYTES = 3 * 2**30
"""FFmpeg holds several pictures, of which the largest that are let in have 192 MB."""
MAX_FRAMES = 200


def read(path: Path) -> str:
    """Read a file; return what came of it.

    Raises:
        Exception: Anything but the refusal of a source.
    """
    try:
        source: Recording
        source = StillImage(path, repeats=False) if is_image(path) else VideoFile(path)
        try:
            return f"{_frames_of(source)} frames"
        finally:
            source.close()
    except SourceError as error:
        return f"refused: it {error}"


def _frames_of(source: Recording) -> int:
    """Count the frames, each of which has to be a picture of a size that is let in."""
    count = 0
    while count < MAX_FRAMES and (frame := source.read()):
        height, width, channels = frame.bgr.shape
        if channels != 3 or frame.bgr.dtype != np.uint8 or not 0 < height * width <= MAX_PIXELS:
            raise ValueError(f"frame {count} is {frame.bgr.dtype} {frame.bgr.shape}")
        if not np.isfinite(frame.pts_s):
            raise ValueError(f"frame {count} is at {frame.pts_s} s")
        count += 1
    return count


def main() -> None:
    """Read the files that are named on the command line."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for name in sys.argv[1:]:
        sys.stdout.write(read(Path(name)).encode("unicode_escape").decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
