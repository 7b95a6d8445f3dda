"""What the stage knows and the web shows, behind one lock."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from common.contract import Role
from common.messages import CameraStatus, Frame, FrameTimes, PeerStatus, PipelineStatus
from publisher.faces import Face
from publisher.live.figures import CameraFigures, Newest, WorkerRates
from publisher.live.problems import NO_WORKER, Problem, find_problems
from publisher.recording.writer import RecordingState

ALIVE_S = 5.0
LOST_NOTICE_S = 1.0  # a broker that was restarted is back sooner
NEW_BROKER_S = 30.0


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera as the web shows it."""

    name: str
    status: CameraStatus | None
    offline_since: float | None  # wall clock; None while it is online or has ended in order
    fps: float
    ages_ms: dict[str, tuple[float, ...]]  # by stage, as CameraFigures gives them
    newest: Newest | None


@dataclass(frozen=True, slots=True)
class PeerView:
    """One peer and what it does a second."""

    status: PeerStatus
    rate: float


@dataclass(frozen=True, slots=True)
class BoardView:
    """Everything at one moment."""

    connected: bool
    alive: bool
    uptime_s: float
    pipeline: PipelineStatus | None
    cameras: tuple[CameraView, ...]
    peers: tuple[PeerView, ...]
    recording_trouble: str
    records_written: int
    pictures: tuple[RecordingState, ...]
    problems: tuple[Problem, ...]


class Board:
    """The stage writes, requests read; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started_s = self._last_step_s = time.monotonic()
        self._connected = False
        self._pipeline: PipelineStatus | None = None
        self._figures: defaultdict[str, CameraFigures] = defaultdict(CameraFigures)
        self._offline_since: dict[str, float] = {}
        self._lost_since: float | None = None
        self._rates = WorkerRates()
        self._trouble = ""
        self._records = 0
        self._pictures: tuple[RecordingState, ...] = ()

    def step_done(self, connected: bool) -> None:
        """Note that the stage lives, and whether the broker has taken it in."""
        with self._lock:
            self._last_step_s = time.monotonic()
            self._connected = connected
            if connected or self._pipeline is None:
                self._lost_since = None
            elif self._lost_since is None:
                self._lost_since = time.time()

    def set_pipeline(self, pipeline: PipelineStatus) -> set[str]:
        """Take in the broker's newest status; give the cameras that were taken away."""
        with self._lock:
            self._pipeline = pipeline
            self._rates.add(pipeline.peers, time.monotonic())
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
        return removed

    def set_recording(self, trouble: str, records: int) -> None:
        """Note how the recording goes; ``trouble`` is empty where it goes well."""
        with self._lock:
            self._trouble, self._records = trouble, records

    def set_pictures(self, pictures: tuple[RecordingState, ...]) -> None:
        """Note how each recording of pictures goes."""
        with self._lock:
            self._pictures = pictures

    def add_frame(self, frame: Frame, faces: Sequence[Face], times: FrameTimes) -> None:
        """Count a published frame."""
        newest = Newest(frame, tuple(faces))
        with self._lock:
            self._figures[frame.camera].add(newest, times, time.monotonic_ns())

    def notices(self) -> dict[str, str]:
        """Return, for each camera whose last picture is not to be shown any longer, why."""
        with self._lock:
            if self._lost_since is not None and time.time() - self._lost_since > LOST_NOTICE_S:
                why = f"no answer from the broker since {_clock(self._lost_since)}"
                return dict.fromkeys(self._names(), why)
            cameras = self._pipeline.cameras if self._pipeline else ()
            found = ((camera.camera, self._notice(camera)) for camera in cameras)
            return {name: text for name, text in found if text}

    def _notice(self, camera: CameraStatus) -> str:
        since = self._offline_since.get(camera.camera)
        if since is not None:
            return f"{camera.camera} is offline since {_clock(since)}: {camera.reason}"
        stands_still = self._figures[camera.camera].fps(time.monotonic()) == 0
        if camera.ended or not stands_still or self._pipeline is None:
            return ""
        roles = {peer.role for peer in self._pipeline.peers}
        return "" if Role.DETECTOR in roles else NO_WORKER[Role.DETECTOR].text

    def cameras(self) -> tuple[str, ...]:
        """Name all cameras, those of the broker first."""
        with self._lock:
            return self._names()

    def view(self) -> BoardView:
        """Give everything as it is now."""
        with self._lock:
            now_s = time.monotonic()
            alive = now_s - self._last_step_s < ALIVE_S
            peers = self._pipeline.peers if self._pipeline else ()
            return BoardView(
                connected=self._connected,
                alive=alive,
                uptime_s=now_s - self._started_s,
                pipeline=self._pipeline,
                cameras=tuple(self._camera_view(name, now_s) for name in self._names()),
                peers=tuple(PeerView(peer, self._rates.rate(peer)) for peer in peers),
                recording_trouble=self._trouble,
                records_written=self._records,
                pictures=self._pictures,
                problems=find_problems(alive, self._connected, self._pipeline),
            )

    def _names(self) -> tuple[str, ...]:
        known = [camera.camera for camera in self._pipeline.cameras] if self._pipeline else []
        return tuple(dict.fromkeys([*known, *self._figures]))

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
        )


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
