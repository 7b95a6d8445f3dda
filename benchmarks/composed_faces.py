"""Labelled faces in real frames: the images of a data set, composed into frames of videos.

What detector and classifier do to a face can only be judged where its expression is known, and that
is known for the 48x48 images of the data set alone. So each is enlarged and put beside the person
of a webcam clip, where its labels say that no face is (``benchmarks.labelled_videos``). The image
itself stays as it is; its edge is continued outward and fades into the frame, as ``cut_crops``
continues a frame. Then the frame gets the noise and the compression of a webcam.

An enlarged image holds no more than its 48x48 pixels, and around it is neither hair nor neck: a
margin that shows much more than the image is judged too hard.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.labelled_videos import MATCH_IOU, read_labelled, read_labels
from benchmarks.overlaps import overlaps
from benchmarks.searches import Search, gray_of
from common.errors import ConfigError
from common.face_model import FACE_SIZE_PX, Boxes, Crops
from common.pixels import Bgr, Gray
from common.progress_bar import progress_bar
from detector.boxes import Box
from detector.detectors import DETECTORS
from detector.seen_face import SeenFace, boxes_of
from training.data.faces import FaceSet
from training.data.readers import load_split
from training.run.degrade import compress_jpeg

SEED = 1
SIDE_STEP_PX, SMALLEST_STEPS, LARGEST_STEPS = 4, 23, 55
"""Faces of 92 to 220 px: about 2 m to 0.7 m from a webcam of 640x480."""
FADE = 0.25
"""How far the continued edge reaches on each side, in sides of the face."""
NOISE_SIGMA = 2.0
"""Grey levels."""
JPEG_QUALITY = 90
MAX_TRIES = 200
"""Places that are tried for one face in one frame."""
MAX_FRAMES = 100
"""Frames that are tried for one face."""


@dataclass(frozen=True, slots=True)
class Background:
    """A frame of a video, ``(height, width) uint8``, and its own faces, ``(n, 4) float64``."""

    gray: Gray
    faces: NDArray[np.float64]


def read_backgrounds(videos: Path) -> list[Background]:
    """Read the labelled frames of the clips in a directory with ``faces.csv``.

    Raises:
        ConfigError: There is no ``faces.csv``, or not what it names.
    """
    if not (videos / "faces.csv").is_file():
        raise ConfigError(f"--videos {videos}: there is no faces.csv (benchmarks.labelled_videos)")
    backgrounds = [
        Background(gray_of(bgr), faces)
        for name, labels in sorted(read_labels(videos).items())
        if not name.endswith(".gif")
        for bgr, faces in read_labelled(videos / name, labels)
        if faces is not None
    ]
    if not backgrounds:
        raise ConfigError(f"--videos {videos}: expected the clips that faces.csv names")
    return backgrounds


def take_faces(data: Path, count: int | None) -> FaceSet:
    """Read the validation faces in a random order, the same every time; the first ``count``."""
    faces = load_split(data, "validation")
    return faces.take(np.random.default_rng(SEED).permutation(len(faces))[:count])


def random_of_face(row: int) -> np.random.Generator:
    """Return where a face's place, size and noise come from: they depend on nothing else."""
    return np.random.default_rng([SEED, row])


def compose(
    image: Crops, backgrounds: list[Background], random: np.random.Generator, tilt_deg: float = 0.0
) -> tuple[Gray, Box]:
    """Put ``(48, 48) uint8`` at a random place and size into one of the frames.

    Args:
        image: The image.
        backgrounds: The frames.
        random: Where place and size come from.
        tilt_deg: How far the face is tilted, clockwise.

    Returns:
        The frame, without noise, and the square that shows the image.

    Raises:
        ConfigError: No frame has room for it.
    """
    side = SIDE_STEP_PX * int(random.integers(SMALLEST_STEPS, LARGEST_STEPS + 1))
    for _ in range(MAX_FRAMES):
        background = backgrounds[int(random.integers(len(backgrounds)))]
        face = find_place(background, side, random)
        if face is not None:
            return blend(image, background.gray, face, tilt_deg), face
    raise ConfigError(f"--videos: none of {MAX_FRAMES} frames has room for a face of {side} px")


def find_place(background: Background, side: int, random: np.random.Generator) -> Box | None:
    """Return a square whose fading edge touches no face of the frame; None if none turned up."""
    height, width = background.gray.shape
    if side > min(height, width):
        return None
    for _ in range(MAX_TRIES):
        left, top = (int(random.integers(0, size - side + 1)) for size in (width, height))
        fade = FADE * side
        around = np.array([[left - fade, top - fade, side + 2 * fade, side + 2 * fade]])
        if not overlaps(around, background.faces).any():
            return np.array([left, top, side, side], np.int32)
    return None


def blend(image: Crops, gray: Gray, face: Box, tilt_deg: float = 0.0) -> Gray:
    """Return the frame with an image enlarged to a square whose side is a multiple of 4 px."""
    left, top, side, _ = face.tolist()
    edge, fade = round(FADE * FACE_SIZE_PX), round(FADE * side)
    continued = cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    size = (side + 2 * fade,) * 2
    patch = cv2.resize(continued, size, interpolation=cv2.INTER_CUBIC).astype(np.float64)
    middle = (size[0] - 1) / 2
    turn = cv2.getRotationMatrix2D((middle, middle), -tilt_deg, 1.0)
    patch = np.asarray(cv2.warpAffine(patch, turn, size, borderMode=cv2.BORDER_REPLICATE), float)
    distance = np.minimum(np.arange(size[0]), np.arange(size[0])[::-1]) + 0.5
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.clip(distance / fade, 0, 1))
    weight = np.minimum(ramp[:, None], ramp[None])
    # What fades may reach over the frame's edge.
    frame = np.pad(gray, fade, mode="edge").astype(np.float64)
    place = np.s_[top : top + size[1], left : left + size[0]]
    frame[place] += weight * (patch - frame[place])
    return np.rint(frame[fade:-fade, fade:-fade]).astype(np.uint8)


def as_webcam_sees(gray: Gray, random: np.random.Generator) -> Bgr:
    """Return the frame with noise, and compressed; still without colour."""
    noisy = np.clip(np.rint(gray + random.normal(0, NOISE_SIGMA, gray.shape)), 0, 255)
    seen = compress_jpeg(noisy.astype(np.uint8), JPEG_QUALITY)
    return cv2.cvtColor(seen, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)


def watch(
    faces: FaceSet, backgrounds: list[Background], search: Search, tilt_deg: float = 0.0
) -> Iterator[tuple[Bgr, SeenFace | None, Box]]:
    """Show each face for two frames to the search for lossless runs.

    The first frame is searched in full, in the next what was found is followed. Nine of ten frames
    are of the second sort.

    Yields:
        The second frame of a face, the face as it was found or None, and the square that it fills.
    """
    for row, image in enumerate(progress_bar(faces.images, "composing", "face")):
        random = random_of_face(row)
        frame, square = compose(image, backgrounds, random, tilt_deg)
        search.reset()
        search.search(as_webcam_sees(frame, random))
        second = as_webcam_sees(frame, random)
        yield second, nearest_face(search.search(second), square), square


def nearest_face(faces: Sequence[SeenFace], square: Box) -> SeenFace | None:
    """Return what overlaps a face most, if it does so by more than ``MATCH_IOU``."""
    place = best_overlap(boxes_of(faces), square)
    return None if place is None else faces[place]


def best_overlap(boxes: Boxes, square: Box) -> int | None:
    """Return the place of the box that overlaps a face most, if by more than ``MATCH_IOU``."""
    shares = overlaps(boxes.astype(np.float64), square[None].astype(np.float64))[:, 0]
    return int(shares.argmax()) if len(boxes) and shares.max() > MATCH_IOU else None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the benchmarks on composed faces are told."""
    parser.add_argument("--data", type=Path, required=True, help="holds the validation split")
    parser.add_argument("--videos", type=Path, required=True, help="directory with faces.csv")
    parser.add_argument("--model", type=Path, help="model file (default: the bundled one)")
    parser.add_argument(
        "--detector", choices=DETECTORS, default="haar", help="as DETECTOR (default haar)"
    )
    parser.add_argument("--faces", type=int, help="so many, drawn at random (default: all)")
    parser.add_argument("--json", type=Path, help="write the figures here too")
