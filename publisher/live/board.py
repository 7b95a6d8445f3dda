"""What the stage knows and the web shows.

The board is told what happens: the broker's status, frames, steps of the loop. What others know
already, results and recordings, it asks when somebody looks.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from common.contract import Role
from common.messages import CameraStatus, PeerStatus, PipelineStatus
from publisher.faces import PublishedFrame
from publisher.live.figures import CameraFigures, Latencies, WorkerRates
from publisher.live.problems import NO_WORKER, Problem, find_problems
from publisher.recording.recordings import Recordings
from publisher.recording.writer import RecordingState
from publisher.results.open import Results

ALIVE_S = 5.0
LOST_NOTICE_S = 1.0  # a broker that was restarted is back sooner
NEW_BROKER_S = 30.0


@dataclass(frozen=True, slots=True)
class _Moment:
    """When something happened: by the wall clock, to show, and by the one that never jumps."""

    shown: float
    at_s: float


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera as the web shows it."""

    name: str
    status: CameraStatus | None
    offline_since: float | None  # wall clock; None while it is online or has ended in order
    fps: float
    ages_ms: dict[str, tuple[float, ...]]  # by stage, as CameraFigures has them
    newest: PublishedFrame | None
    faces: dict[str, int]  # in all frames, by FACE_FATES


@dataclass(frozen=True, slots=True)
class PeerView:
    """One peer and what it does a second."""

    status: PeerStatus
    rate: float


@dataclass(frozen=True, slots=True)
class BoardView:
    """Everything at one moment."""

    connected: bool
    uptime_s: float
    run_began_s: float  # wall clock; not with this process where it was started again
    pipeline: PipelineStatus | None
    cameras: tuple[CameraView, ...]
    peers: tuple[PeerView, ...]
    results_trouble: str | None
    records_written: int
    recordings: tuple[RecordingState, ...]
    problems: tuple[Problem, ...]


class Board:
    """The stage writes, requests read; every method may be called from any thread.

    One lock guards all that is kept here. What is asked of results and recordings is not: each
    answer is one value that the stage, or the thread that records, replaces as a whole.

    Args:
        results: The writer of results, asked how they go.
        recordings: The recordings of pictures, asked likewise.
        run_began_s: When the run began, wall clock.

    Attributes:
        latencies: Histograms of the age of all frames.
    """

    def __init__(self, results: Results, recordings: Recordings, run_began_s: float) -> None:
        self.latencies = Latencies()
        self._run_began_s = run_began_s
        self._results = results
        self._recordings = recordings
        self._lock = threading.RLock()
        self._started_s = self._last_step_s = time.monotonic()
        self._connected = False
        self._pipeline: PipelineStatus | None = None
        self._figures: defaultdict[str, CameraFigures] = defaultdict(CameraFigures)
        self._offline_since: dict[str, float] = {}
        self._lost: _Moment | None = None
        self._rates = WorkerRates()

    @property
    def alive(self) -> bool:
        """Whether the stage's loop turns."""
        with self._lock:
            return time.monotonic() - self._last_step_s < ALIVE_S

    @property
    def connected(self) -> bool:
        """Whether the broker has taken the publisher in."""
        with self._lock:
            return self._connected

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What keeps expressions from being shown; empty where all is well."""
        with self._lock:
            return find_problems(self.alive, self._connected, self._pipeline)

    def note_step(self, connected: bool) -> None:
        """Note that the stage lives, and whether the broker has taken it in."""
        with self._lock:
            self._last_step_s = time.monotonic()
            self._connected = connected
            if connected or self._pipeline is None:
                self._lost = None
            elif self._lost is None:
                self._lost = _Moment(time.time(), time.monotonic())

    def set_pipeline(self, pipeline: PipelineStatus) -> set[str]:
        """Take in the broker's newest status; return the cameras that were taken away."""
        with self._lock:
            self._pipeline = pipeline
            self._rates.add_peers(pipeline.peers, time.monotonic())
            removed = self._forget_removed(pipeline)
            for camera in pipeline.cameras:
                if camera.online or camera.ended:
                    self._offline_since.pop(camera.camera, None)
                else:
                    self._offline_since.setdefault(camera.camera, time.time())
            return removed

    def _forget_removed(self, pipeline: PipelineStatus) -> set[str]:
        """Forget cameras that were taken away; a broker that has just started knows none yet."""
        if pipeline.uptime_s <= NEW_BROKER_S:
            return set()
        removed = (self._figures.keys() | self._offline_since.keys()) - {
            camera.camera for camera in pipeline.cameras
        }
        for name in removed:
            self._figures.pop(name, None)
            self._offline_since.pop(name, None)
            self.latencies.forget(name)
        return removed

    def add_frame(self, frame: PublishedFrame, stages_ms: Mapping[str, float]) -> None:
        """Count a frame that is published now, and its age as ``divide_age`` has it."""
        self.latencies.observe(frame.camera, stages_ms)
        with self._lock:
            self._figures[frame.camera].add_frame(frame, stages_ms, time.monotonic())

    def notices(self) -> dict[str, str]:
        """Return, for each camera whose last picture is not to be shown any longer, why."""
        with self._lock:
            if self._lost is not None and time.monotonic() - self._lost.at_s > LOST_NOTICE_S:
                why = f"no answer from the broker since {_clock(self._lost.shown)}"
                return dict.fromkeys(self.cameras(), why)
            cameras = self._pipeline.cameras if self._pipeline else ()
            found = ((camera.camera, self._notice(camera)) for camera in cameras)
            return {name: text for name, text in found if text is not None}

    def _notice(self, camera: CameraStatus) -> str | None:
        since = self._offline_since.get(camera.camera)
        if since is not None:
            return f"{camera.camera} is offline since {_clock(since)}: {camera.reason}"
        if camera.ended or self.fps(camera.camera) > 0 or self._pipeline is None:
            return None
        roles = {peer.role for peer in self._pipeline.peers}
        return None if Role.DETECTOR in roles else NO_WORKER[Role.DETECTOR].text

    def cameras(self) -> tuple[str, ...]:
        """Return the names of all cameras, those of the broker first."""
        with self._lock:
            known = [camera.camera for camera in self._pipeline.cameras] if self._pipeline else []
            return tuple(dict.fromkeys([*known, *self._figures]))

    def fps(self, camera: str) -> float:
        """Return how many frames of a camera are published a second."""
        with self._lock:
            return self._figures[camera].fps(time.monotonic()) if camera in self._figures else 0.0

    def view(self) -> BoardView:
        """Return everything as it is now, figures of all cameras included."""
        with self._lock:
            now_s = time.monotonic()
            peers = self._pipeline.peers if self._pipeline else ()
            return BoardView(
                connected=self._connected,
                uptime_s=now_s - self._started_s,
                run_began_s=self._run_began_s,
                pipeline=self._pipeline,
                cameras=tuple(self._camera_view(name, now_s) for name in self.cameras()),
                peers=tuple(PeerView(peer, self._rates.rate(peer)) for peer in peers),
                results_trouble=self._results.trouble,
                records_written=self._results.written,
                recordings=self._recordings.states(),
                problems=self.problems,
            )

    def _camera_view(self, name: str, now_s: float) -> CameraView:
        statuses = self._pipeline.cameras if self._pipeline else ()
        figures = self._figures.get(name) or CameraFigures()
        return CameraView(
            name=name,
            status=next((status for status in statuses if status.camera == name), None),
            offline_since=self._offline_since.get(name),
            fps=figures.fps(now_s),
            ages_ms=figures.ages_ms(),
            newest=figures.newest,
            faces=dict(figures.faces),
        )


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
