"""The package ``fer`` on a video, as its manual calls it, with its Haar cascade.

    .venv-fer/bin/python -m benchmarks.fer_loop VIDEO [--every N]

It needs an environment of its own, which ``make bench`` makes of ``benchmarks/fer.txt``. ``fer``
itself is installed without what it asks for: that is 5 GB of PyTorch and CUDA which only its other
detector, MTCNN, uses, and which hold OpenCV at 4.11. So it starts in 3.3 s instead of 7.3 and takes
42 ms of CPU a frame instead of 45 (640x480, one face, means of three runs in turn, busy machine).
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from fer.fer import FER

from benchmarks.timed_loop import add_options, time_loop


def main() -> int:
    """Time it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fer_loop", description=__doc__)
    add_options(parser)
    options = parser.parse_args()
    detector = FER(mtcnn=False)
    time_loop(options.video, options.every, lambda bgr: len(detector.detect_emotions(bgr)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
