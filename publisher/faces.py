"""A face, and a frame with its faces, as the publisher shows and records them."""

from __future__ import annotations

from dataclasses import dataclass

from common.contract import Mode
from common.face_model import Poses
from common.messages import Result

Box = tuple[int, int, int, int]
"""x, y, w, h in pixels of the full frame."""

Pose = tuple[float, float, float]
"""Roll, yaw and pitch of a head in degrees, as ``common.face_model.Poses`` has them, rounded."""

DIGITS = 6
"""Probabilities and times are rounded to so many, so that records and JSON hold the same."""
POSE_DIGITS = 1
"""Angles are rounded to so many."""
TURNED_AWAY = "turned away"
"""The label of a face that is turned too far from the camera to be judged."""
FAILED = "failed"
"""The label in the record of a frame that has failed, which is no frame without a face."""


def rounded(value: float) -> float:
    """Return a probability or a time with the digits that are recorded."""
    return round(value, DIGITS)


def rounded_poses(poses: Poses) -> tuple[Pose, ...]:
    """Return poses with the digits that are recorded; no angle is -0.0."""
    return tuple(
        (_rounded_angle(roll), _rounded_angle(yaw), _rounded_angle(pitch))
        for roll, yaw, pitch in poses.tolist()
    )


def _rounded_angle(degrees: float) -> float:
    return round(degrees, POSE_DIGITS) + 0.0  # -0.0 + 0.0 is 0.0


@dataclass(frozen=True, slots=True)
class Face:
    """One face of one frame.

    Attributes:
        box: Where it is.
        track_id: The same for the same face from frame to frame, counted from 1 per camera.
        shown: Whether the track was seen often enough to be shown; it is recorded from its first.
        label: The track's smoothed label or "uncertain"; ``TURNED_AWAY`` where it is not judged in
            this frame; None as long as it was never classified.
        confidence: The smoothed probability of the expression that the label names, 0 to 1; None
            where it names none.
        smoothed: The track's seven smoothed probabilities, empty where there are none.
        probabilities: The classifier's seven for this very frame, empty where there are none.
        reused: The classification came too late: label and smoothed ones are those from before.
        pose: How the head is turned; None where the detector finds no landmarks.
    """

    box: Box
    track_id: int
    shown: bool
    label: str | None
    confidence: float | None
    smoothed: tuple[float, ...]
    probabilities: tuple[float, ...]
    reused: bool
    pose: Pose | None = None


@dataclass(frozen=True, slots=True)
class PublishedFrame:
    """What is worth keeping of a frame once its slot in the ring is given back.

    Attributes:
        cut: It is an image, which is judged by itself.
        faces: All of them, in the order in which they were found.
        source: The name of its file, where it has one of its own.
        failed: It could not be decoded, or took down who looked at it: whether there are faces in
            it is not known.
    """

    camera: str
    frame_id: int
    mode: Mode
    pts_s: float
    captured_at_ns: int
    width: int
    height: int
    cut: bool
    faces: tuple[Face, ...]
    source: str = ""
    failed: bool = False

    @property
    def shown(self) -> tuple[Face, ...]:
        """The faces that were seen often enough to be shown."""
        return tuple(face for face in self.faces if face.shown)


def published_frame(result: Result, faces: tuple[Face, ...]) -> PublishedFrame:
    """Return the frame of a result with its faces; a JPEG that it brought is not kept."""
    frame = result.frame
    return PublishedFrame(
        camera=frame.camera,
        frame_id=frame.frame_id,
        mode=result.mode,
        pts_s=frame.pts_s,
        captured_at_ns=frame.captured_at_ns,
        width=frame.width,
        height=frame.height,
        cut=frame.cut,
        faces=faces,
        source=frame.source,
        failed=result.failed,
    )
