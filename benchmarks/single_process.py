"""The classic loop that the pipeline replaces: one process, one face at a time.

    python -m benchmarks.single_process VIDEO [--every N]

Read a frame, make it grey, search it with the Haar cascade at 1.3/5 and no minimum size, call
``model.predict`` for each face, draw, encode a JPEG. The network is the one that the well-known
scripts share: four convolution blocks of 64, 128 (5x5), 512 and 512 channels and dense layers of
256 and 512. Its weights are random here, for its speed does not depend on them.
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import keras
import numpy as np

from benchmarks.searches import classic_search
from benchmarks.timed_loop import add_options, time_loop
from common.command import Command
from common.face_model import FACE_SIZE_PX, LABELS
from common.pixels import Bgr
from training.model.classic_network import classic_features


def classic_network() -> keras.Model:
    """Build the classic 4-block CNN, 290 million multiply-accumulates a face."""
    faces = keras.Input((FACE_SIZE_PX, FACE_SIZE_PX, 1))
    probabilities = keras.layers.Dense(len(LABELS), activation="softmax")
    return keras.Model(faces, probabilities(classic_features(faces)))


def process(bgr: Bgr, model: keras.Model) -> int:
    """Do one frame with the classic network; return the number of faces."""
    gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    boxes = classic_search(gray)
    for x, y, w, h in boxes.tolist():
        face = cv2.resize(gray[y : y + h, x : x + w], (FACE_SIZE_PX, FACE_SIZE_PX))
        scaled = face[np.newaxis, :, :, np.newaxis].astype(np.float32) / 255
        label = LABELS[int(np.argmax(model.predict(scaled, verbose=0)))]
        cv2.rectangle(bgr, (x, y), (x + w, y + h), (255, 0, 0), 2)
        cv2.putText(bgr, label, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 255, 0), 2)
    cv2.imencode(".jpg", bgr)
    return len(boxes)


def run(options: argparse.Namespace) -> None:
    """Time the classic loop."""
    model = classic_network()
    time_loop(options.video, options.every, lambda bgr: process(bgr, model))


main = Command("benchmarks.single_process", __doc__, add_options, run)

if __name__ == "__main__":
    sys.exit(main())
