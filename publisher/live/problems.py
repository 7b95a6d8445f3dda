"""What keeps expressions from being shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from common.contract import Role, Word
from common.messages import CameraStatus, PipelineStatus


class ProblemKind(Word):
    """What is wrong, for programs."""

    STUCK = "stuck"
    NO_BROKER = "no_broker"
    NO_CAMERA = "no_camera"
    CAMERA_OFFLINE = "camera_offline"
    NO_DETECTOR = "no_detector"
    NO_CLASSIFIER = "no_classifier"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: What is wrong, for programs.
        text: The same for people, with what to do.
        camera: The camera that has the problem, where it is one camera's.
        command: What there is to type, as it stands in the text; None where there is nothing.
    """

    kind: ProblemKind
    text: str
    camera: str | None = None
    command: str | None = None


def _not_running(kind: ProblemKind, text: str, module: str) -> Problem:
    command = f"python -m {module}"
    return Problem(kind, f"{text} with {command}", command=command)


STUCK = Problem(ProblemKind.STUCK, "the publisher is stuck")
NO_BROKER = _not_running(
    ProblemKind.NO_BROKER, "no answer from the broker: start it", "common.broker"
)
NO_CAMERA = _not_running(ProblemKind.NO_CAMERA, "no camera is running: start one", "capture")
NO_WORKER: Mapping[Role, Problem] = {
    role: _not_running(ProblemKind(f"no_{role}"), f"no {role} is running: start one", role)
    for role in (Role.DETECTOR, Role.CLASSIFIER)
}


def find_problems(
    alive: bool, connected: bool, pipeline: PipelineStatus | None
) -> tuple[Problem, ...]:
    """Return what is wrong with a publisher that is ``alive`` and ``connected``, or is not."""
    own = () if alive else (STUCK,)
    if not connected or pipeline is None:
        return (*own, NO_BROKER)
    roles = {peer.role for peer in pipeline.peers}
    workers = [problem for role, problem in NO_WORKER.items() if role not in roles]
    return (*own, *_of_cameras(pipeline.cameras), *workers)


def _of_cameras(cameras: tuple[CameraStatus, ...]) -> list[Problem]:
    if not cameras:
        return [NO_CAMERA]
    if any(camera.online or camera.ended for camera in cameras):
        return []
    kind, text = ProblemKind.CAMERA_OFFLINE, "camera {0.camera} is offline: {0.reason}"
    return [Problem(kind, text.format(camera), camera.camera) for camera in cameras]
