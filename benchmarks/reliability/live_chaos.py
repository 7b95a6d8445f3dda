"""A live camera whose pipeline is disturbed, seen by somebody who watches."""

from __future__ import annotations

import contextlib
import statistics
import time
from dataclasses import dataclass
from datetime import datetime, timezone

from benchmarks.performance.live_runs import live_pipeline
from benchmarks.reliability.faults import Fault, trouble
from benchmarks.reliability.recovery import Recovery
from benchmarks.reliability.watcher import Watcher
from common.errors import SourceError
from common.progress_bar import progress_bar
from tests.e2e.looking import ledger_holds
from tests.support.http_stream import EventStream
from tests.support.waiting import eventually

QUIET_FRAMES = 150
"""So many say what age is normal: five seconds."""
BACK_FRAMES = 15
"""The age is normal again when the middle one of so many frames is no older than the oldest
twentieth was before, or than ``FRESH_MS``."""
FRESH_MS = 250.0
"""Half of ``MAX_FRAME_AGE_MS``: so old pictures may stay where a machine got other work since."""
RECONNECT_S = 0.05


@dataclass(frozen=True, slots=True)
class LiveChaos:
    """What a viewer saw.

    Attributes:
        recoveries: One a fault.
        normal_ms: Age of the pictures before the first fault: in the middle and at the 95th
            percentile.
        after_ms: The same after the last one.
        ledger_holds: Whether every captured frame is published, dropped, failed or in flight.
    """

    recoveries: tuple[Recovery, ...]
    normal_ms: tuple[float, float]
    after_ms: tuple[float, float]
    ledger_holds: bool


class Viewer(Watcher):
    """Reads the events of a pipeline, and comes back whenever it is cut off."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.seen: list[tuple[float, float]] = []
        """When a frame's event came, on the monotonic clock, and its age in milliseconds."""

    def watch(self) -> None:
        """Read until told to end."""
        while not self._ended.is_set():
            with contextlib.suppress(OSError, EOFError, IndexError, ValueError):
                self._read()
            self._ended.wait(RECONNECT_S)  # the publisher is away, or went in mid-sentence

    def ages_ms(self, frames: int) -> list[float]:
        """Return the ages of the newest frames."""
        return [age_ms for _, age_ms in self.seen[-frames:]]

    def moments(self) -> list[float]:
        """Return when the frames' events came."""
        return [at for at, _ in list(self.seen)]

    def _read(self) -> None:
        with EventStream(self._url) as stream:
            while not self._ended.is_set() and (event := stream.next_event()) is not None:
                if event.name == "frame":
                    captured = datetime.fromisoformat(event.data["captured_at"])
                    age_s = (datetime.now(timezone.utc) - captured).total_seconds()
                    self.seen.append((time.monotonic(), age_s * 1000))


def run_live(minutes: float, seed: int) -> LiveChaos:
    """Disturb a live pipeline on the bundled clip for some minutes."""
    with live_pipeline("demo", {}) as running, Viewer(running.pipeline.url) as viewer:
        eventually(lambda: len(viewer.seen) > 2 * QUIET_FRAMES, "frames")
        normal_ms = _middle_and_95th(viewer.ages_ms(QUIET_FRAMES))
        recoveries = []
        began_s = time.monotonic()
        with (
            trouble(running.pipeline, seed) as troublemaker,
            progress_bar(None, "live", "s", total=round(minutes * 60)) as bar,
        ):
            while time.monotonic() - began_s < minutes * 60:
                fault = troublemaker.disturb()
                if fault is None:
                    raise SourceError(f"the pipeline has ended:\n{running.pipeline.log}")
                recoveries.append(_wait_recovered(fault, viewer, normal_ms[1]))
                bar.update(round(time.monotonic() - began_s) - bar.n)
                time.sleep(troublemaker.pause_s())
        before = len(viewer.seen)
        eventually(lambda: len(viewer.seen) > before + QUIET_FRAMES, "frames")
        after_ms = _middle_and_95th(viewer.ages_ms(QUIET_FRAMES))
        camera = running.pipeline.camera()
    return LiveChaos(tuple(recoveries), normal_ms, after_ms, ledger_holds(camera))


def _wait_recovered(fault: Fault, viewer: Viewer, normal_ms: float) -> Recovery:
    """Wait until pictures come as they did before."""

    def recovered() -> bool:
        came = [age_ms for at, age_ms in viewer.seen[-BACK_FRAMES:] if at > fault.began_s]
        return len(came) == BACK_FRAMES and statistics.median(came) <= max(normal_ms, FRESH_MS)

    eventually(recovered, f"pictures after a {fault.stage} was {fault.kind.value}")
    back_s = time.monotonic()
    pause_s = viewer.longest_pause_s(fault.began_s, back_s)
    return Recovery(fault, back_s - fault.began_s, pause_s)


def _middle_and_95th(ages_ms: list[float]) -> tuple[float, float]:
    return statistics.median(ages_ms), statistics.quantiles(ages_ms, n=20)[-1]
