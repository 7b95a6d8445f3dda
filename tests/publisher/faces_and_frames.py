"""Faces and published frames for tests of what is kept of them."""

from __future__ import annotations

from publisher.faces import Face
from publisher.live.published_frame import PublishedFrame
from tests.publisher.material import FACE, HAPPY, frame

AT_NS = 1_750_000_000_000_000_000


def face(track_id: int = 1, label: str = "happy") -> Face:
    return Face(
        box=FACE,
        track_id=track_id,
        shown=True,
        label=label,
        confidence=0.9,
        smoothed=tuple(1.0 * value for value in HAPPY),  # objects of its own, as in earnest
        probabilities=tuple(1.0 * value for value in HAPPY),
        reused=False,
    )


def published(
    frame_id: int,
    camera: str = "cam",
    *,
    pts_s: float | None = None,
    at_s: float | None = None,
    faces: int = 1,
) -> PublishedFrame:
    """Make a frame; without times, the ``frame_id``th of a camera that gives 25 a second."""
    made = frame(frame_id, camera, pts_s)
    return PublishedFrame(
        camera=camera,
        frame_id=frame_id,
        pts_s=made.pts_s,
        captured_at_ns=AT_NS + round((frame_id / 25 if at_s is None else at_s) * 1e9),
        width=made.width,
        height=made.height,
        faces=tuple(face(track_id) for track_id in range(1, faces + 1)),
    )
