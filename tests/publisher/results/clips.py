"""Results to record, and what the stage does with them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from common.contract import Mode
from common.messages import Result
from publisher.faces import published_frame
from publisher.results.open import Results
from publisher.tracking.following import Following
from tests.publisher.material import FACE, HAPPY, SAD, frame, result

OTHER = (200, 10, 50, 50)


def clip(frames: int, camera: str = "cam", mode: Mode = Mode.LOSSLESS) -> list[Result]:
    """Two faces whose expressions change, a gap, late classifications, and one that turns away."""
    made = []
    for frame_id in range(frames):
        row = HAPPY if frame_id % 7 < 4 else SAD
        faces: list[tuple[tuple[int, int, int, int], Sequence[float] | None]] = [
            (FACE, row),
            (OTHER, None if frame_id % 5 == 0 else SAD),
        ]
        if frame_id % 6 == 0:
            made.append(result(frame(frame_id, camera), [], mode=mode))
            continue
        turned_away = (4 < frame_id % 40 < 34, False)  # for longer than a track lives unseen
        if turned_away[0]:
            faces[0] = (FACE, None)
        poses = [(1.25, -frame_id / 7, 0.0), (-0.01, 3.0, -4.0)]
        made.append(
            result(frame(frame_id, camera), faces, mode, poses=poses, turned_away=turned_away)
        )
    return made


def photos(number: int) -> list[Result]:
    """One photo under many names, and one that cannot be decoded."""
    made = []
    for frame_id in range(number):
        image = replace(frame(frame_id), pts_s=float(frame_id), cut=True, source=f"{frame_id}.jpg")
        if frame_id % 5 == 3:
            failed = result(replace(image, failed=True), [], Mode.LOSSLESS)
            made.append(replace(failed, failed=True))
        else:
            made.append(result(image, [(FACE, HAPPY)], Mode.LOSSLESS))
    return made


def publish(writer: Results, following: Following, results: Sequence[Result]) -> None:
    """Do what the stage does."""
    for one in results:
        writer.expect_frame(one.frame.camera, one.frame.frame_id)
        faces = following.follow(one)
        if faces is not None:
            writer.write_frame(published_frame(one, faces))
