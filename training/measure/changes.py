"""What a camera or a detector may do to a face, in steps: how much of it does a model stand?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.face_model import FACE_SIZE_PX, Crops
from training.run.augment import reframe_faces
from training.run.degrade import blur, change_gamma, compress_jpeg, shrink


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of change, and how much of it is tried.

    Attributes:
        name: What is done.
        unit: Unit of the amounts, as it stands behind a number.
        neutral: The amount that changes nothing; None where there is none.
        amounts: The amounts that are tried, rising.
        apply: Changes ``(n, 48, 48) uint8`` faces, all by the same amount.
    """

    name: str
    unit: str
    neutral: float | None
    amounts: tuple[float, ...]
    apply: Callable[[Crops, float], Crops]


def margin_of_scale(scale: float) -> float:
    """Return the margin at which the detector's crop would show the face this many times as large.

    In sides of the image, on each of its four sides: a face at 0.85 is seen where the crop is 1.18
    times as wide as the image, which is a margin of 0.09; a face at 1.15 is one of -0.07.
    """
    return (1 / scale - 1) / 2


def _shift_right(images: Crops, percent: float) -> Crops:
    return reframe_faces(images, 0.0, 1.0, percent / 100 * FACE_SIZE_PX, 0.0)


def _shift_down(images: Crops, percent: float) -> Crops:
    return reframe_faces(images, 0.0, 1.0, 0.0, percent / 100 * FACE_SIZE_PX)


def _scale(images: Crops, scale: float) -> Crops:
    return reframe_faces(images, 0.0, scale, 0.0, 0.0)


def _rotate(images: Crops, angle_deg: float) -> Crops:
    return reframe_faces(images, angle_deg, 1.0, 0.0, 0.0)


def _brighten(images: Crops, levels: float) -> Crops:
    return _as_gray_values(images + levels)


def _change_contrast(images: Crops, factor: float) -> Crops:
    return _as_gray_values((images - 128.0) * factor + 128.0)


def _as_gray_values(values: NDArray[np.floating]) -> Crops:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def _one_by_one(change: Callable[[Crops, float], Crops]) -> Callable[[Crops, float], Crops]:
    """Make a change of one ``(48, 48)`` image one of ``(n, 48, 48)``."""
    return lambda images, amount: np.stack([change(image, amount) for image in images])


TURNS_DEG = (-45.0, -30.0, -15.0, -10.0, -5.0, 5.0, 10.0, 15.0, 30.0, 45.0)
"""As far as detectors without landmarks find a tilted face and somewhat further: with landmarks a
crop is turned upright."""

KINDS = (
    Kind("moved right", "% of the side", 0.0, (-10.0, -5.0, 5.0, 10.0), _shift_right),
    Kind("moved down", "% of the side", 0.0, (-10.0, -5.0, 5.0, 10.0), _shift_down),
    Kind("scaled", "times as large", 1.0, (0.85, 0.9, 0.95, 1.05, 1.1, 1.15), _scale),
    Kind("turned left", "degrees", 0.0, TURNS_DEG, _rotate),
    Kind("gamma", "as exponent", 1.0, (0.5, 0.7, 1.4, 2.0), change_gamma),
    Kind("brightness", "grey levels", 0.0, (-60.0, -30.0, 30.0, 60.0), _brighten),
    Kind("contrast", "as factor", 1.0, (0.5, 0.75, 1.25, 1.5), _change_contrast),
    Kind("blur", "px sigma", 0.0, (0.5, 1.0, 1.5, 2.0), _one_by_one(blur)),
    Kind(
        "shrunk and enlarged",
        "px wide between",
        float(FACE_SIZE_PX),
        (16.0, 20.0, 24.0, 32.0),
        _one_by_one(lambda image, side_px: shrink(image, int(side_px))),
    ),
    Kind(
        "JPEG",
        "quality",
        None,
        (15.0, 30.0, 50.0, 80.0),
        _one_by_one(lambda image, quality: compress_jpeg(image, int(quality))),
    ),
)
"""All in pixels of the 48 px image. Moved, scaled and turned as in training: what comes in from
outside the image is its own mirror. The scales are at once the margins of a crop:
``margin_of_scale``."""
