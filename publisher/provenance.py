"""What made the results of a run: version, sources, detectors, classifiers and their settings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from common.contract import Role
from common.messages import About, PipelineStatus
from publisher.as_json import Json, iso_time


class Provenance:
    """What is known of a run so far; a worker that has left stays in it.

    Args:
        started_s: When the run began, wall clock.
        recorded: The videos that are recorded with the results: what each is, and where.
    """

    def __init__(self, started_s: float, recorded: Mapping[str, str] | None = None) -> None:
        self._started_at = iso_time(int(started_s * 1e9))
        self._recorded = dict(recorded or {})
        self._cameras: dict[str, Json] = {}
        self._detectors: list[About] = []
        self._classifiers: list[About] = []

    def take(self, status: PipelineStatus) -> bool:
        """Take in who takes part now; return whether anything of it is new."""
        before = self.as_json()
        for camera in status.cameras:
            self.add_camera(camera.camera, camera.mode.value, camera.about)
        for peer in status.peers:
            self.add_worker(peer.role, peer.about)
        return self.as_json() != before

    def add_camera(self, name: str, mode: str, about: About) -> None:
        """Take in a camera."""
        self._cameras[name] = {"mode": mode, **about}

    def add_worker(self, role: Role, about: About) -> None:
        """Take in a detector or a classifier; those that are the same stand there once."""
        known = {Role.DETECTOR: self._detectors, Role.CLASSIFIER: self._classifiers}.get(role)
        if known is not None and about not in known:
            known.append(about)

    def as_json(self) -> Json:
        """Return all of it."""
        return {
            "ferstream": version("ferstream"),
            "started_at": self._started_at,
            "cameras": dict(self._cameras),
            "detectors": list(self._detectors),
            "classifiers": list(self._classifiers),
            **({"recorded": self._recorded} if self._recorded else {}),
        }
