"""How large a crop must be to look like an image of the data set.

    python -m benchmarks.framing --data DIR --videos DIR [--detector NAME] [--model FILE]
        [--faces N]

Validation faces are composed into frames of webcam clips (``benchmarks.composed_faces``), so that
the square that an image of the data set fills is known. Two answers to how large the crop of a face
must be:

- by framing: the side of the crop in sides of the image, and its centre against the image's
- by accuracy: the network's over the faces found, their crops cut larger and smaller. Differences
  to the size in use are of the same faces, so they are surer than the accuracies

A size of 1 is in use: the square of the detector's ``crop_square``.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

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
from benchmarks.searches import Search
from classifier.backend import Backend
from classifier.backends import choose_backend, load_backend
from common.command import Command
from common.errors import ConfigError
from common.face_model import Boxes, Crops
from common.json_files import write_json
from common.progress_bar import progress_bar
from detector.crops import cut_crops
from detector.seen_face import Square
from training.data.faces import FaceSet
from training.metrics import Z_95, percent_with_interval, wilson_interval

IN_USE = 1.0
SIZES = (0.85, 0.9, 0.95, IN_USE, 1.05, 1.1, 1.15, 1.25)


@dataclass(frozen=True, slots=True)
class Framing:
    """How crops lie on the images they show; 10th, 50th and 90th percentile, in image sides.

    Attributes:
        faces: Number that was composed.
        missed: Number of them that was not found.
        sides: Side of the crop.
        right: Distance of its centre to the right of the image's.
        down: Distance of its centre below the image's.
        size: The size that makes the median crop as large as the image.
    """

    faces: int
    missed: int
    sides: tuple[float, ...]
    right: tuple[float, ...]
    down: tuple[float, ...]
    size: float


@dataclass(frozen=True, slots=True)
class SizeRow:
    """Accuracy over the faces found at one size of their crops.

    Attributes:
        size: The size.
        accuracy: Share that got its label.
        accuracy_interval: 95 % Wilson interval of it.
        gain: Accuracy less that at the size in use.
        gain_interval: 95 % interval of it, from the same faces at both.
    """

    size: float
    accuracy: float
    accuracy_interval: tuple[float, float]
    gain: float
    gain_interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """The faces the detector found.

    Attributes:
        cut: What their crops show.
        squares: ``(n, 4) int32``, the images' places.
        rows: ``(n,) int64`` which faces of the set they are.
        crops: For each size ``(n, 48, 48) uint8``.
    """

    cut: tuple[Square, ...]
    squares: Boxes
    rows: NDArray[np.int64]
    crops: dict[float, Crops]


def find_faces(faces: FaceSet, backgrounds: list[Background], search: Search) -> FoundFaces:
    """Compose every face into a frame, and cut those that are found at every size.

    Raises:
        ConfigError: None was found.
    """
    found: list[tuple[Square, Boxes, int]] = []
    crops: dict[float, list[Crops]] = {size: [] for size in SIZES}
    for row, (bgr, face, square) in enumerate(watch(faces, backgrounds, search)):
        if face is None:
            continue
        cut = search.detector.crop_square(face)
        found.append((cut, square, row))
        for size in SIZES:
            crops[size].append(cut_crops(search.pixels(bgr), [resized(cut, size)])[0])
    if not found:
        raise ConfigError(f"none of {len(faces)} faces was found: use more")
    cuts, squares, rows = zip(*found, strict=True)
    return FoundFaces(
        cuts,
        np.stack(squares),
        np.array(rows, dtype=np.int64),
        {size: np.stack(cut) for size, cut in crops.items()},
    )


def resized(square: Square, size: float) -> Square:
    """Return a square with the same centre and so many times the side, to whole pixels."""
    side = max(1, round(square.side * size))
    less = (square.side - side) // 2
    return replace(square, left=square.left + less, top=square.top + less, side=side)


def measure_framing(cut: Sequence[Square], squares: Boxes, faces: int) -> Framing:
    """Compare what crops show with the ``(n, 4)`` squares of the images, of so many faces."""
    sides = squares[:, 2].astype(np.float64)
    places = np.array([(each.left, each.top, each.side, each.side) for each in cut])
    shares = places[:, 2] / sides
    offsets = ((places[:, :2] + places[:, 2:] / 2) - (squares[:, :2] + squares[:, 2:] / 2)).T
    offsets = offsets / sides
    return Framing(
        faces,
        faces - len(cut),
        _spread(shares),
        _spread(offsets[0]),
        _spread(offsets[1]),
        float(1 / np.median(shares)),
    )


def _spread(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.percentile(values, (10, 50, 90)))


def measure_sizes(
    crops: dict[float, Crops], labels: NDArray[np.int64], backend: Backend
) -> list[SizeRow]:
    """Classify the crops of every size; that in use must be among them."""
    right = {
        size: np.array([backend.classify(crop[None]).argmax() for crop in cut]) == labels
        for size, cut in progress_bar(crops.items(), "classifying", "size")
    }
    return [compare(size, right[size], right[IN_USE]) for size in crops]


def compare(size: float, right: NDArray[np.bool_], in_use: NDArray[np.bool_]) -> SizeRow:
    """Compare which of n faces are right at a size, and at the one in use: ``(n,) bool`` each.

    The interval is the normal one for a difference of paired shares (Agresti, Categorical Data
    Analysis, 3rd edition, section 11.1.1).
    """
    count, hits = len(right), int(right.sum())
    won, lost = int((right & ~in_use).sum()), int((in_use & ~right).sum())
    gain = (won - lost) / count
    half = Z_95 * math.sqrt(won + lost - (won - lost) ** 2 / count) / count
    return SizeRow(
        size, hits / count, wilson_interval(hits, count), gain, (gain - half, gain + half)
    )


def print_report(framing: Framing, rows: list[SizeRow]) -> None:
    """Print both answers, the second as a Markdown table."""
    found = framing.faces - framing.missed
    print(f"{framing.faces} validation faces, {found} found, {framing.missed} missed")
    for name, spread in (
        ("side of the crop", framing.sides),
        ("centre to the right", framing.right),
        ("centre down", framing.down),
    ):
        low, middle, high = spread
        print(f"{name}: {middle:.3f} image sides (10th to 90th percentile {low:.3f} to {high:.3f})")
    print(f"size by framing: {framing.size:.3f} of the one in use\n")
    print("| size | accuracy over the found (95 %) | points against the one in use (95 %) |")
    print("|---|---|---|")
    for row in rows:
        least, most = (100 * bound for bound in row.gain_interval)
        print(
            f"| {row.size:.2f} | {percent_with_interval(row.accuracy, row.accuracy_interval)} "
            f"| {100 * row.gain:+.1f} ({least:+.1f} to {most:+.1f}) |"
        )


def run(options: argparse.Namespace) -> None:
    """Measure."""
    cv2.setNumThreads(1)
    backend = load_backend(*choose_backend("auto", options.model))
    faces = take_faces(options.data, options.faces)
    found = find_faces(faces, read_backgrounds(options.videos), Search(options.detector))
    framing = measure_framing(found.cut, found.squares, len(faces))
    rows = measure_sizes(found.crops, faces.labels[found.rows], backend)
    print_report(framing, rows)
    if options.json is not None:
        report = {"framing": asdict(framing), "sizes": [asdict(row) for row in rows]}
        write_json(options.json, report)


main = Command("benchmarks.framing", __doc__, add_options, run)


if __name__ == "__main__":
    sys.exit(main())
