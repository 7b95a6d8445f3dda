"""The crop margin at which a detected face looks like an image of the data set.

    python -m benchmarks.framing --data DIR --videos DIR [--model FILE] [--faces N]

Validation faces are composed into frames of webcam clips (``benchmarks.composed_faces``), so that
the square that an image of the data set fills is known. Two answers to how a box must be widened:

- by framing: the side of the box in sides of the image, and its centre against the image's; the
  margin follows from the median
- by accuracy: the network's over the faces found, their crops cut at each margin. Differences to
  the margin in use are of the same faces, so they are surer than the accuracies

Margins are fractions of the box's side, added on each side of it; ``CROP_MARGIN`` is in use.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.composed_faces import (
    Background,
    add_options,
    read_backgrounds,
    take_faces,
    watch,
)
from classifier.backend import Backend
from classifier.backends import choose_backend, load_backend
from common.command import Command
from common.errors import ConfigError
from common.face_model import CROP_MARGIN, Crops
from common.json_files import write_json
from common.pixels import Gray
from common.progress_bar import progress_bar
from detector.boxes import Box, Boxes
from detector.crops import cut_crops
from training.data.faces import FaceSet
from training.metrics import Z_95, wilson_interval

MARGINS = tuple(sorted({-0.05, 0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, CROP_MARGIN}))


@dataclass(frozen=True, slots=True)
class Framing:
    """How boxes lie on the images they show; 10th, 50th and 90th percentile, in image sides.

    Attributes:
        faces: Number that was composed.
        missed: Number of them that was not found.
        sides: Side of the box.
        right: Distance of its centre to the right of the image's.
        down: Distance of its centre below the image's.
        margin: The margin that makes the median box as large as the image, in sides of the box.
    """

    faces: int
    missed: int
    sides: tuple[float, ...]
    right: tuple[float, ...]
    down: tuple[float, ...]
    margin: float


@dataclass(frozen=True, slots=True)
class MarginRow:
    """Accuracy over the faces found at one margin.

    Attributes:
        margin: The margin, in sides of the box.
        accuracy: Share that got its label.
        accuracy_interval: 95 % Wilson interval of it.
        gain: Accuracy less that at ``CROP_MARGIN``.
        gain_interval: 95 % interval of it, from the same faces at both.
    """

    margin: float
    accuracy: float
    accuracy_interval: tuple[float, float]
    gain: float
    gain_interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """The faces the detector found.

    Attributes:
        boxes: ``(n, 4) int32``.
        squares: ``(n, 4) int32``, the images' places.
        rows: ``(n,) int64`` which faces of the set they are.
        crops: For each margin ``(n, 48, 48) uint8``.
    """

    boxes: Boxes
    squares: Boxes
    rows: NDArray[np.int64]
    crops: dict[float, Crops]


def find_faces(faces: FaceSet, backgrounds: list[Background]) -> FoundFaces:
    """Compose every face into a frame, and cut those that are found at every margin.

    Raises:
        ConfigError: None was found.
    """
    found: list[tuple[Box, Box, int]] = []
    crops: dict[float, list[Crops]] = {margin: [] for margin in MARGINS}
    for row, (gray, box, square) in enumerate(watch(faces, backgrounds)):
        if box is not None:
            found.append((box, square, row))
            for margin in MARGINS:
                crops[margin].append(cut_at_margin(gray, box, margin))
    if not found:
        raise ConfigError(f"none of {len(faces)} faces was found: use more")
    boxes, squares, rows = zip(*found, strict=True)
    return FoundFaces(
        np.stack(boxes),
        np.stack(squares),
        np.array(rows, dtype=np.int64),
        {margin: np.stack(cut) for margin, cut in crops.items()},
    )


def cut_at_margin(gray: Gray, box: Box, margin: float) -> Crops:
    """Cut a face as the detector would at another ``CROP_MARGIN``, ``(48, 48) uint8``.

    The box is widened or narrowed, to whole pixels, by what is between the two margins.
    """
    factor = (1 + 2 * margin) / (1 + 2 * CROP_MARGIN)
    centre, sides = box[:2] + box[2:] / 2, box[2:] * factor
    widened = np.rint(np.concatenate([centre - sides / 2, sides])).astype(np.int32)
    crop: Crops = cut_crops(gray, widened[None])[0]
    return crop


def measure_framing(boxes: Boxes, squares: Boxes, faces: int) -> Framing:
    """Compare ``(n, 4)`` boxes with the squares they were found on, of so many faces."""
    sides = squares[:, 2].astype(np.float64)
    shares = boxes[:, 2] / sides
    offsets = ((boxes[:, :2] + boxes[:, 2:] / 2) - (squares[:, :2] + squares[:, 2:] / 2)).T / sides
    return Framing(
        faces,
        faces - len(boxes),
        _spread(shares),
        _spread(offsets[0]),
        _spread(offsets[1]),
        float(1 / np.median(shares) - 1) / 2,
    )


def _spread(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.percentile(values, (10, 50, 90)))


def measure_margins(
    crops: dict[float, Crops], labels: NDArray[np.int64], backend: Backend
) -> list[MarginRow]:
    """Classify the crops of every margin; ``CROP_MARGIN`` must be among them."""
    right = {
        margin: np.array([backend.classify(crop[None]).argmax() for crop in cut]) == labels
        for margin, cut in progress_bar(crops.items(), "classifying", "margin")
    }
    return [compare(margin, right[margin], right[CROP_MARGIN]) for margin in crops]


def compare(margin: float, right: NDArray[np.bool_], in_use: NDArray[np.bool_]) -> MarginRow:
    """Compare which of n faces are right at a margin, and at the one in use: ``(n,) bool`` each.

    The interval is the normal one for a difference of paired shares (Agresti, Categorical Data
    Analysis, 3rd edition, section 11.1.1).
    """
    count, hits = len(right), int(right.sum())
    won, lost = int((right & ~in_use).sum()), int((in_use & ~right).sum())
    gain = (won - lost) / count
    half = Z_95 * math.sqrt(won + lost - (won - lost) ** 2 / count) / count
    return MarginRow(
        margin, hits / count, wilson_interval(hits, count), gain, (gain - half, gain + half)
    )


def print_report(framing: Framing, rows: list[MarginRow]) -> None:
    """Print both answers, the second as a Markdown table."""
    found = framing.faces - framing.missed
    print(f"{framing.faces} validation faces, {found} found, {framing.missed} missed")
    for name, spread in (
        ("side of the box", framing.sides),
        ("centre to the right", framing.right),
        ("centre down", framing.down),
    ):
        low, middle, high = spread
        print(f"{name}: {middle:.3f} image sides (10th to 90th percentile {low:.3f} to {high:.3f})")
    print(f"margin by framing: {framing.margin:.3f}; in use: {CROP_MARGIN}\n")
    print("| margin | accuracy over the found (95 %) | points against the one in use (95 %) |")
    print("|---|---|---|")
    for row in rows:
        low, high = row.accuracy_interval
        least, most = (100 * bound for bound in row.gain_interval)
        print(
            f"| {row.margin:.2f} | {row.accuracy:.1%} ({low:.1%} to {high:.1%}) "
            f"| {100 * row.gain:+.1f} ({least:+.1f} to {most:+.1f}) |"
        )


def run(options: argparse.Namespace) -> None:
    """Measure."""
    cv2.setNumThreads(1)
    backend = load_backend(*choose_backend("auto", options.model))
    faces = take_faces(options.data, options.faces)
    found = find_faces(faces, read_backgrounds(options.videos))
    framing = measure_framing(found.boxes, found.squares, len(faces))
    rows = measure_margins(found.crops, faces.labels[found.rows], backend)
    print_report(framing, rows)
    if options.json is not None:
        report = {"framing": asdict(framing), "margins": [asdict(row) for row in rows]}
        write_json(options.json, report)


main = Command("benchmarks.framing", __doc__, add_options, run)


if __name__ == "__main__":
    sys.exit(main())
