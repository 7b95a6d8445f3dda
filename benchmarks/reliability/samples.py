"""What a pipeline holds and how old its pictures are, looked at now and then."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.process_tree import descendants, pss_bytes, stage_of
from tests.e2e.looking import scrape
from tests.support.pipeline import Pipeline

LOOK_S = 5.0
"""Between two looks, each of which walks through ``/proc`` and asks the publisher twice."""
AGE, QUEUES, MEMORY = "age of the picture (ms)", "frames and faces that wait", "memory, PSS (MB)"
HANDLES, THREADS, RINGS = "file handles", "threads", "rings mapped (MB)"
PANELS = (AGE, QUEUES, MEMORY, HANDLES, THREADS, RINGS)
READERS = ("capture", "detector", "publisher")
"""The stages that map rings."""

_RING = re.compile(r"\.ring( \(deleted\))?$")

Figures = Mapping[str, Mapping[str, float]]
"""By panel, and in it by the name of a line."""


@dataclass(slots=True)
class Series:
    """All looks at one pipeline.

    Attributes:
        minutes: When each was, since the first.
        lines: For each panel and name what was seen each time.
    """

    minutes: list[float] = field(default_factory=list)
    lines: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: {panel: defaultdict(list) for panel in PANELS}
    )

    def add(self, minute: float, figures: Figures) -> None:
        """Add a look."""
        self.minutes.append(minute)
        for panel, by_name in figures.items():
            for name, value in by_name.items():
                self.lines[panel][name].append(value)


def sample_for(pipeline: Pipeline, camera: str, seconds: float) -> Series:
    """Look at a pipeline again and again.

    Args:
        pipeline: It runs.
        camera: The camera that stays throughout.
        seconds: How long.

    Raises:
        RuntimeError: The pipeline has ended, or knows the camera no more.
    """
    series, began_s = Series(), time.monotonic()
    while (passed_s := time.monotonic() - began_s) < seconds:
        series.add(passed_s / 60, {**_shown(pipeline, camera), **_held(pipeline)})
        time.sleep(LOOK_S)
    return series


def _shown(pipeline: Pipeline, camera: str) -> Figures:
    """Return what the publisher says."""
    seen = pipeline.camera(camera)
    if not seen:
        raise RuntimeError(f"camera {camera} is gone: {''.join(pipeline.lines[-5:])}")
    waiting = scrape(pipeline)["ferstream_queue_length"]
    return {
        AGE: {name: seen["age_ms"][name] or 0.0 for name in ("p50", "p99")},
        QUEUES: {"waiting for workers": waiting, "in flight": seen["in_flight"]},
    }


def _held(pipeline: Pipeline) -> Figures:
    """Return what the processes under honcho hold, by stage."""
    memory, handles, threads, rings = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for process in descendants(psutil.Process(pipeline.process.pid)):
        try:
            stage = stage_of(process)
            handles[stage] += process.num_fds()
            threads[stage] += process.num_threads()
            rings[stage] += sum(_mapped_rings(process))
        except (psutil.Error, OSError):
            continue  # it has just ended
        memory[stage] += pss_bytes(process)
    return {
        MEMORY: {stage: size / 1e6 for stage, size in memory.items()},
        HANDLES: handles,
        THREADS: threads,
        RINGS: {stage: size / 1e6 for stage, size in rings.items() if stage in READERS},
    }


def _mapped_rings(process: psutil.Process) -> Iterator[int]:
    """Yield the size in bytes of each mapping of a ring, of one that is deleted, too."""
    for line in Path(f"/proc/{process.pid}/maps").read_text().splitlines():
        if _RING.search(line):
            start, end = line.split(maxsplit=1)[0].split("-")
            yield int(end, 16) - int(start, 16)
