"""The classic loop that the pipeline replaces: one process, one face at a time.

    python -m benchmarks.single_process VIDEO [VIDEO ...]

Read a frame, make it grey, search it with the Haar cascade at 1.3/5 and no minimum size, call
``model.predict`` for each face, draw, encode a JPEG. The network is the one that the well-known
scripts share: four convolution blocks of 64, 128 (5x5), 512 and 512 channels and dense layers of
256 and 512. Its weights are random here, for its speed does not depend on them.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import keras
import numpy as np

from common.command import Command
from common.face_model import FACE_SIZE_PX, LABELS
from training.model.classic_network import classic_features

if TYPE_CHECKING:
    from numpy.typing import NDArray


def classic_network() -> keras.Model:
    """Build the classic 4-block CNN, 290 million multiply-accumulates a face."""
    faces = keras.Input((FACE_SIZE_PX, FACE_SIZE_PX, 1))
    probabilities = keras.layers.Dense(len(LABELS), activation="softmax")
    return keras.Model(faces, probabilities(classic_features(faces)))


class ClassicLoop:
    """The loop's cascade and network."""

    def __init__(self) -> None:
        self._model = classic_network()
        cascade = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
        self._cascade = cv2.CascadeClassifier(str(cascade))

    def process(self, bgr: NDArray[np.uint8]) -> int:
        """Do one frame, ``(height, width, 3) uint8``; return the number of faces."""
        gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        boxes = self._cascade.detectMultiScale(gray, 1.3, 5)
        for x, y, w, h in boxes:
            face = cv2.resize(gray[y : y + h, x : x + w], (FACE_SIZE_PX, FACE_SIZE_PX))
            scaled = face[np.newaxis, :, :, np.newaxis].astype(np.float32) / 255
            probabilities = self._model.predict(scaled, verbose=0)
            label = LABELS[int(np.argmax(probabilities))]
            cv2.rectangle(bgr, (x, y), (x + w, y + h), (255, 0, 0), 2)
            cv2.putText(bgr, label, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 255, 0), 2)
        cv2.imencode(".jpg", bgr)
        return len(boxes)


def run(videos: list[Path]) -> tuple[int, int]:
    """Process every frame of the videos; return frames and faces."""
    loop = ClassicLoop()
    frames = faces = 0
    for video in videos:
        reader = cv2.VideoCapture(str(video))
        while True:
            read, bgr = reader.read()
            if not read:
                break
            frames += 1
            faces += loop.process(np.asarray(bgr, np.uint8))
        reader.release()
    return frames, faces


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what must be given."""
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")


def time_loop(options: argparse.Namespace) -> None:
    """Time the classic loop."""
    started = time.perf_counter()
    frames, faces = run(options.videos)
    seconds = time.perf_counter() - started
    print(f"{frames} frames, {faces} faces, {seconds:.1f} s, {frames / seconds:.1f} frames/s")


main = Command("benchmarks.single_process", __doc__, add_options, time_loop)

if __name__ == "__main__":
    sys.exit(main())
