"""All that a frame shows of its faces: where they are, how they are turned, what to classify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.face_model import Boxes, Crops, Poses, no_poses
from common.pixels import Pixels
from detector.crops import cut_crops
from detector.detectors import Detector
from detector.head_pose import head_pose, turn_deg
from detector.seen_face import SeenFace, boxes_of


@dataclass(frozen=True, slots=True, eq=False)
class FrameFaces:
    """The faces of one frame, in one order.

    Attributes:
        boxes: Where they are.
        crops: What of them is classified.
        poses: How they are turned; none where the detector finds no landmarks.
        turned_away: Whether each is turned too far to be judged; empty where ``poses`` is.
    """

    boxes: Boxes
    crops: Crops
    poses: Poses
    turned_away: tuple[bool, ...]


def describe_faces(
    frame: Pixels, seen: Sequence[SeenFace], detector: Detector, max_turn_deg: float
) -> FrameFaces:
    """Describe the faces that a search found in a frame.

    A face is left out where its landmarks are those of no head.

    Args:
        frame: As the detector takes it, in full size.
        seen: The faces.
        detector: What found them.
        max_turn_deg: A face turned further from the camera is not to be judged.
    """
    faces, poses = _with_poses(seen, frame.shape[1])
    crops = cut_crops(frame, [detector.crop_square(face) for face in faces])
    turned_away = tuple(turn_deg(pose) > max_turn_deg for pose in poses)
    return FrameFaces(boxes_of(faces), crops, poses, turned_away)


def _with_poses(seen: Sequence[SeenFace], frame_width_px: int) -> tuple[Sequence[SeenFace], Poses]:
    if any(face.landmarks is None for face in seen):
        return seen, no_poses()
    posed = [
        (face, pose)
        for face in seen
        if face.landmarks is not None
        and (pose := head_pose(face.landmarks, frame_width_px)) is not None
    ]
    poses = np.stack([pose for _, pose in posed]) if posed else no_poses()
    return [face for face, _ in posed], poses
