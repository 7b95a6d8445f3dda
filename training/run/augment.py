"""Random changes of training faces that leave the expression as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.face_model import FACE_SIZE_PX, Crops
from common.opencv import cv2
from training.config import TrainingConfig
from training.run.degrade import change_gamma, degrade_randomly

SMALLEST_CUTOUT_PX = 4
_CENTRE_PX = (FACE_SIZE_PX - 1) / 2


@dataclass(frozen=True, slots=True)
class _Draws:
    """What is done to each of n images.

    Attributes:
        matrices: ``(n, 2, 3) float64``, output to input position in px.
        gains: ``(n,) float32`` factors of the grey values.
        offsets: ``(n,) float32`` added to the grey values.
        exponents: ``(n,) float64`` of gamma.
        degraded: ``(n,) bool``, whether the image is blurred, shrunk or compressed.
        cutouts: ``(n, 4) int64`` x, y, side in px, grey value; a side of 0 is none.
    """

    matrices: NDArray[np.float64]
    gains: NDArray[np.float32]
    offsets: NDArray[np.float32]
    exponents: NDArray[np.float64]
    degraded: NDArray[np.bool_]
    cutouts: NDArray[np.int64]


def augment(
    images: Crops, size_px: int, config: TrainingConfig, random: np.random.Generator
) -> Crops:
    """Return ``(n, size_px, size_px) uint8``, each face changed in its own way.

    Mirrored, turned, scaled and moved in one interpolation; then contrast, brightness and gamma;
    some blurred, shrunk or compressed; then a grey square over a part (cutout, DeVries and Taylor,
    2017, arXiv:1708.04552).

    Args:
        images: ``(n, 48, 48) uint8``.
        size_px: Side of the images that come out.
        config: Says how much of each.
        random: The source of the draws; the same state gives the same images.
    """
    draws = _draw(len(images), config, random)
    changed = np.stack(list(map(_warp, images, draws.matrices)))
    gray = (changed - 128.0) * draws.gains[:, None, None] + 128.0 + draws.offsets[:, None, None]
    result = np.clip(gray, 0, 255).astype(np.uint8)
    for row, exponent in enumerate(draws.exponents):
        result[row] = change_gamma(result[row], exponent)
    for row in np.flatnonzero(draws.degraded).tolist():
        result[row] = degrade_randomly(result[row], random)
    for row, (x, y, side, value) in enumerate(draws.cutouts):
        result[row, y : y + side, x : x + side] = value
    return resize_faces(result, size_px)


def reframe_faces(
    images: Crops, rotation_deg: float, scale: float, shift_x_px: float, shift_y_px: float
) -> Crops:
    """Return ``(n, 48, 48) uint8``, all faces turned, scaled and moved alike, as in training.

    Args:
        images: ``(n, 48, 48) uint8``.
        rotation_deg: Angle by which a face is turned counter-clockwise, about the image's centre.
        scale: Factor by which a face becomes larger.
        shift_x_px: Distance that it moves to the right.
        shift_y_px: Distance that it moves down.
    """
    angles, zooms = np.deg2rad([rotation_deg]), np.array([scale])
    (matrix,) = _matrices(angles, zooms, np.ones(1), np.zeros((1, 2)))
    matrix[:, 2] -= matrix[:, :2] @ (shift_x_px, shift_y_px)
    return np.stack([np.rint(_warp(image, matrix)).astype(np.uint8) for image in images])


def resize_faces(images: Crops, size_px: int) -> Crops:
    """Return ``(n, size_px, size_px) uint8``, shrunk as the detector shrinks its crops."""
    if images.shape[1] == size_px:
        return images
    size = (size_px, size_px)
    return np.stack(
        [
            np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            for image in images
        ]
    )


def _warp(image: Crops, matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return ``(48, 48) float32``; what is outside the image mirrors what is inside."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (FACE_SIZE_PX, FACE_SIZE_PX)
    warped = cv2.warpAffine(image, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(warped, dtype=np.float32)


def _draw(count: int, config: TrainingConfig, random: np.random.Generator) -> _Draws:
    """Draw what is done to ``count`` images."""
    angles = np.deg2rad(random.uniform(-1, 1, count) * config.rotation_deg)
    zooms = 1.0 + random.uniform(-1, 1, count) * config.scale_fraction
    mirrored = np.where(random.random(count) < 0.5, -1.0, 1.0)
    shifts = random.uniform(-1, 1, (count, 2)) * config.shift_px
    gains = 1.0 + random.uniform(-1, 1, count) * config.contrast_fraction
    offsets = random.uniform(-1, 1, count) * config.brightness
    exponents = 2.0 ** (random.uniform(-1, 1, count) * config.gamma_octaves)
    return _Draws(
        matrices=_matrices(angles, zooms, mirrored, shifts),
        gains=gains.astype(np.float32),
        offsets=offsets.astype(np.float32),
        exponents=exponents,
        degraded=random.random(count) < config.degraded_fraction,
        cutouts=_draw_cutouts(count, config, random),
    )


def _matrices(
    angles: NDArray[np.float64],
    zooms: NDArray[np.float64],
    mirrored: NDArray[np.float64],
    shifts: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return ``(n, 2, 3)`` maps from output to input position, about the image's centre."""
    cosines, sines = np.cos(angles) / zooms, np.sin(angles) / zooms
    linear = np.empty((len(angles), 2, 2))
    linear[:, 0, 0], linear[:, 0, 1] = cosines * mirrored, -sines
    linear[:, 1, 0], linear[:, 1, 1] = sines * mirrored, cosines
    moved = _CENTRE_PX + shifts - linear.sum(axis=2) * _CENTRE_PX
    return np.concatenate([linear, moved[:, :, None]], axis=2)


def _draw_cutouts(
    count: int, config: TrainingConfig, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return ``(n, 4)`` squares that lie wholly inside the image."""
    sides = random.integers(SMALLEST_CUTOUT_PX, config.cutout_px, count, endpoint=True)
    sides[random.random(count) >= config.cutout_probability] = 0
    corners = (random.random((count, 2)) * (FACE_SIZE_PX - sides + 1)[:, None]).astype(np.int64)
    values = random.integers(0, 256, count)
    return np.stack([corners[:, 0], corners[:, 1], sides, values], axis=1)
