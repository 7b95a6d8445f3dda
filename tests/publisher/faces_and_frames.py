"""Faces and published frames for tests of what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence

from common.contract import Mode
from publisher.faces import Face, PublishedFrame
from tests.publisher.material import FACE, HAPPY, HEIGHT, WIDTH

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
    faces: int | Sequence[Face] = 1,
    mode: Mode = Mode.LIVE,
) -> PublishedFrame:
    """Make a frame; without times, the ``frame_id``th of a camera that gives 25 a second."""
    found = [face(number + 1) for number in range(faces)] if isinstance(faces, int) else faces
    return PublishedFrame(
        camera=camera,
        frame_id=frame_id,
        mode=mode,
        pts_s=frame_id / 25 if pts_s is None else pts_s,
        captured_at_ns=AT_NS + round((frame_id / 25 if at_s is None else at_s) * 1e9),
        width=WIDTH,
        height=HEIGHT,
        cut=False,
        faces=tuple(found),
    )
