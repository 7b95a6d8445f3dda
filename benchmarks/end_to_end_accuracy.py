"""Accuracy from frame to label: labelled faces in real frames, through detector and classifier.

    python -m benchmarks.end_to_end_accuracy --data DIR --videos DIR [--detector NAME]
        [--tilt DEGREES] [--model FILE] [--faces N]

Each validation face is composed into a frame of a webcam clip (``benchmarks.composed_faces``), and
a face that the detector misses counts as an error. The ways:

- *pipeline*: the detector stage's search, its crops, the classifier's backend
- *pipeline's boxes, classic crop*: what the crop alone does
- *classic search and crop*: the cascade at scale 1.3 with 5 neighbours, the box as it is,
  ``cv2.resize`` as it comes (``benchmarks.single_process``)
- *image of the data set*: no frame, no detector: the 48x48 images themselves

All use the same network. The classic loop divides its crops by 255 before the network; this one
takes grey values and normalises in its own graph, so what differs is how crops are cut and shrunk.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.composed_faces import (
    Background,
    best_overlap,
    read_backgrounds,
    take_faces,
    watch,
)
from benchmarks.composed_faces import (
    add_options as add_common_options,
)
from benchmarks.searches import Search, classic_search, gray_of
from classifier.backend import Backend
from classifier.backends import choose_backend, load_backend
from common.command import Command
from common.face_model import FACE_SIZE_PX, Crops
from common.json_files import write_json
from common.pixels import Bgr, Gray
from detector.boxes import Box
from detector.seen_face import SeenFace
from training.data.faces import FaceSet
from training.metrics import percent, percent_with_interval, wilson_interval

PIPELINE = "pipeline"
CLASSIC_CROP = "pipeline's boxes, classic crop"
CLASSIC = "classic search and crop"
DATA_SET = "image of the data set"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        way: What was done with the faces.
        faces: Number of faces.
        missed: Number that the detector did not find.
        right: Number that got their label.
        accuracy: ``right`` of all faces.
        accuracy_interval: 95 % Wilson interval of it.
        accuracy_of_found: ``right`` of the faces found; None where there are none.
        data_set_accuracy_of_found: Accuracy of the same faces' images of the data set.
    """

    way: str
    faces: int
    missed: int
    right: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    accuracy_of_found: float | None
    data_set_accuracy_of_found: float | None


def cut_each_way(
    image: Crops, bgr: Bgr, face: SeenFace | None, square: Box, search: Search
) -> dict[str, Crops | None]:
    """Cut a face out by every way, ``(48, 48) uint8``; None where it was missed.

    Args:
        image: ``(48, 48) uint8``, the image of the data set.
        bgr: The frame that shows it.
        face: What the pipeline's search found; None where that missed it.
        square: Where it is.
        search: The pipeline's search.
    """
    gray = gray_of(bgr)
    boxes = classic_search(gray)
    classic = best_overlap(boxes, square)
    return {
        PIPELINE: None if face is None else search.cut_crops(bgr, [face])[0],
        CLASSIC_CROP: None if face is None else classic_crop(gray, face.box),
        CLASSIC: None if classic is None else classic_crop(gray, boxes[classic]),
        DATA_SET: image,
    }


def classic_crop(gray: Gray, box: Box) -> Crops:
    """Cut a box out as the classic loop does, ``(48, 48) uint8``."""
    # Followed boxes may reach over the frame's edge, which the cascade's own never do.
    left, top = np.maximum(box[:2], 0).tolist()
    right, bottom = (box[:2] + box[2:]).tolist()
    shrunk = cv2.resize(gray[top:bottom, left:right], (FACE_SIZE_PX, FACE_SIZE_PX))
    return shrunk.astype(np.uint8, copy=False)


def judge(
    way: str, found: NDArray[np.bool_], right: NDArray[np.bool_], data_set: NDArray[np.bool_]
) -> Row:
    """Sum up a way.

    Args:
        way: Its name.
        found: ``(n,) bool``, n at least 1: which faces were found.
        right: ``(n,) bool``: which of them got their label.
        data_set: ``(n,) bool``: which got it by their image of the data set.
    """
    hits, seen = int((right & found).sum()), int(found.sum())
    return Row(
        way=way,
        faces=len(found),
        missed=len(found) - seen,
        right=hits,
        accuracy=hits / len(found),
        accuracy_interval=wilson_interval(hits, len(found)),
        accuracy_of_found=hits / seen if seen else None,
        data_set_accuracy_of_found=float(data_set[found].mean()) if seen else None,
    )


def measure(
    faces: FaceSet,
    backgrounds: list[Background],
    backend: Backend,
    search: Search,
    tilt_deg: float = 0.0,
) -> list[Row]:
    """Put every face through every way."""
    right: dict[str, list[bool]] = {}
    found: dict[str, list[bool]] = {}
    seen = watch(faces, backgrounds, search, tilt_deg)
    shown = zip(faces.labels, faces.images, seen, strict=True)
    for label, image, (bgr, face, square) in shown:
        for way, crop in cut_each_way(image, bgr, face, square, search).items():
            found.setdefault(way, []).append(crop is not None)
            hit = crop is not None and backend.classify(crop[None]).argmax() == label
            right.setdefault(way, []).append(bool(hit))
    data_set = np.array(right[DATA_SET])
    return [judge(way, np.array(found[way]), np.array(right[way]), data_set) for way in right]


def print_table(rows: list[Row]) -> None:
    """Print one line a way, in Markdown."""
    print("| way | accuracy, misses as errors (95 %) | missed | of the found | their images |")
    print("|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.way} | {percent_with_interval(row.accuracy, row.accuracy_interval)} "
            f"| {percent(row.missed / row.faces)} | {_percent(row.accuracy_of_found)} "
            f"| {_percent(row.data_set_accuracy_of_found)} |"
        )


def _percent(share: float | None) -> str:
    return "none" if share is None else percent(share)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be given."""
    add_common_options(parser)
    parser.add_argument(
        "--tilt", type=float, default=0.0, help="degrees by which faces are tilted (default 0)"
    )


def run(options: argparse.Namespace) -> None:
    """Measure."""
    cv2.setNumThreads(1)
    backend = load_backend(*choose_backend("auto", options.model))
    faces = take_faces(options.data, options.faces)
    backgrounds = read_backgrounds(options.videos)
    rows = measure(faces, backgrounds, backend, Search(options.detector), options.tilt)
    print(f"{options.detector}, {len(faces)} validation faces, tilted by {options.tilt:g} deg:\n")
    print_table(rows)
    if options.json is not None:
        write_json(options.json, [asdict(row) for row in rows])


main = Command("benchmarks.end_to_end_accuracy", __doc__, add_options, run)


if __name__ == "__main__":
    sys.exit(main())
