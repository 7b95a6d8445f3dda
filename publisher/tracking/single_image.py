"""The faces of a single image, which are in no track."""

from __future__ import annotations

from common.face_model import Boxes, Poses, Probabilities
from publisher.faces import TURNED_AWAY, Face, rounded_poses
from publisher.tracking.smoothing import smooth


def faces_of_image(
    boxes: Boxes, probabilities: Probabilities, poses: Poses, turned_away: tuple[bool, ...]
) -> tuple[Face, ...]:
    """Make faces as they are shown; a label is that of one sighting.

    They are those that a tracker makes of the first frame after a cut.

    Args:
        boxes: Where they are.
        probabilities: One row a face; anything where a face is turned away.
        poses: How they are turned; none where that is not known.
        turned_away: Whether each is turned too far to be judged; may be empty where none is.
    """
    faces = []
    for (x, y, w, h), row, pose, away in zip(
        boxes.tolist(),
        probabilities.tolist(),
        rounded_poses(poses) or (None,) * len(boxes),
        turned_away or (False,) * len(boxes),
        strict=True,
    ):
        box = x, y, w, h
        if away:
            face = Face(box, 0, True, TURNED_AWAY, None, (), (), False, pose)
        else:
            seen = smooth(None, row, 0.0)
            found = seen.probabilities
            face = Face(box, 0, True, seen.label, seen.confidence, (), found, False, pose)
        faces.append(face)
    return tuple(faces)
