"""How much is measured: all that the page says, or just enough to see that it works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.performance.recordings import Recordings


@dataclass(frozen=True, slots=True)
class Plan:
    """What all parts are told.

    Attributes:
        recordings: Makes the videos.
        detectors: Values of ``DETECTOR``; the first is the product's default.
        fer: Python of the environment that has ``fer``; None where there is none.
        rounds: How many times the main comparison is made.
        scene_rounds: How many times that of each other scene.
        repeats: How many times over the main recording has the clips.
        scene_frames: Frames of the recordings of other scenes.
        growth_frames: Frames of a lossless run that is a point of a curve.
        every: The classic loop and ``fer`` do every so manieth frame of the main recording.
        live_s: How long the main live figures are taken.
        window_s: How long those of a point of a curve.
    """

    recordings: Recordings
    detectors: tuple[str, ...]
    fer: Path | None
    rounds: int = 5
    scene_rounds: int = 3
    repeats: int = 3
    scene_frames: int = 300
    growth_frames: int = 200
    every: int = 30
    live_s: float = 15.0
    window_s: float = 8.0

    @property
    def default(self) -> str:
        """The detector that the curves which do not depend on it are measured with."""
        return self.detectors[0]


def quick_plan(recordings: Recordings, detectors: tuple[str, ...], fer: Path | None) -> Plan:
    """Return a plan that measures everything once and briefly; its figures mean little."""
    return Plan(
        recordings,
        detectors,
        fer,
        rounds=1,
        scene_rounds=1,
        repeats=1,
        scene_frames=120,
        growth_frames=120,
        every=60,
        live_s=5.0,
        window_s=3.0,
    )
