"""How a head is turned, from five landmarks and the shape of a generic head."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from common.opencv import cv2
from detector.seen_face import Landmarks

HEAD_CM = np.array(
    [
        (-3.18, -3.54, 0.91),
        (3.18, -3.54, 0.91),
        (0.00, 0.22, -2.74),
        (-2.46, 3.43, 0.46),
        (2.46, 3.43, 0.46),
    ]
)
"""``(5, 3) float64``: the landmarks about their centre, from MediaPipe's canonical face model
(Google, Apache-2.0): its vertices 1, 61 and 291, and for the eyes the middle between 159 and 145
and that between 386 and 374. Here x goes to the picture's right, y down, z away from the camera."""


FURTHEST = 100.0
"""Distance of a head in radii of its landmarks from which on it is seen as if it were no further.
At 316 OpenCV takes the landmarks for one point."""


def head_pose(landmarks: Landmarks, frame_width_px: int) -> NDArray[np.float64] | None:
    """Return roll, yaw and pitch in degrees, ``(3,) float64`` as a row of ``Poses``.

    None where no position of a head shows its landmarks like this.

    They are seen from the camera along its line of sight to the face, so that who looks into the
    camera has yaw 0 at the picture's edge too. The camera is taken for one that sees as far to the
    sides as half its distance (53 degrees), as webcams do about. The position of the camera is
    found by SQPnP (Terzakis and Lourakis, 2020), which needs no first guess.
    """
    around = landmarks - landmarks.mean(axis=0)
    radius_px = math.sqrt(np.square(around).sum(axis=1).mean())
    if radius_px == 0:
        return None
    focal_px = min(frame_width_px, FURTHEST * radius_px)
    found, turned, _ = cv2.solvePnP(
        HEAD_CM, around / focal_px, np.eye(3), None, flags=cv2.SOLVEPNP_SQPNP
    )
    if not found:
        return None
    axes, _ = cv2.Rodrigues(turned)
    return np.rad2deg(
        [
            math.atan2(axes[1, 0], axes[0, 0]),
            math.asin(min(1.0, max(-1.0, axes[2, 0]))),
            -math.atan2(axes[2, 1], axes[2, 2]),
        ]
    )


def turn_deg(pose: NDArray[np.float64]) -> float:
    """Return the angle in degrees between where a face looks and the camera; roll is no part of it.

    Args:
        pose: ``(3,) float64``, a row of ``Poses``.
    """
    _, yaw, pitch = np.deg2rad(pose)
    return math.degrees(math.acos(math.cos(yaw) * math.cos(pitch)))
