"""Small archives, and what runs the command on them."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ferstream.analyzer import Analyzer
from ferstream.archive.sources import find_videos
from ferstream.archive.task import Job
from publisher.as_json import Json
from tests.support.media import cut_demo, write_h264
from tests.support.pipeline import ROOT

FRAMES = 24
PRELOADED = """
import os, signal, socket, time
from pathlib import Path
from ferstream.archive import task

def analyse(job, folder):
    note = f"{Path(job.video.name).stem}-{socket.gethostname()}-{os.getpid()}"
    Path(os.environ["NOTES"], note).touch()
    if "poison" in job.video.name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hungry" in job.video.name:
        eaten = [bytearray(os.urandom(1 << 24)) for _ in range(200)]
    while "patient" in job.video.name and not Path(os.environ["NOTES"], "go-on").exists():
        time.sleep(0.05)
    return task.analyse_in_fact(job, folder)

if not hasattr(task, "analyse_in_fact"):  # it is loaded more than once
    task.analyse_in_fact, task._analyse = task._analyse, analyse
"""
"""What a worker loads first: it notes which process began with which video; some kill it, take
memory without end, or wait for a sign."""


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of the bundled clip, with faces."""
    return cut_demo(tmp_path_factory.mktemp("clip") / "clip.avi", 60, FRAMES)


@pytest.fixture
def recordings(tmp_path: Path, clip: Path) -> Path:
    """A folder of two videos in folders of their own, a broken one, an empty one and a text."""
    folder = tmp_path / "recordings"
    for name in ("monday/talk.avi", "tuesday/talk.avi"):
        (folder / name).parent.mkdir(parents=True)
        shutil.copy(clip, folder / name)
    (folder / "broken.mp4").write_bytes(clip.read_bytes()[:3000])
    (folder / "empty.mkv").touch()
    (folder / "notes.txt").write_text("none of them")
    return folder


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """Four videos that take a second or more each."""
    folder = tmp_path / "long"
    folder.mkdir()
    first = cut_demo(folder / "a.avi", 0, 100)
    for name in ("b", "c", "d"):
        shutil.copy(first, folder / f"{name}.avi")
    return folder


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    """A video without faces, which is analysed at once."""
    folder = tmp_path / "blank"
    folder.mkdir()
    return write_h264(folder / "blank.mp4")


@pytest.fixture(scope="session")
def about() -> Json:
    return Analyzer().about


@pytest.fixture
def job(blank: Path, about: Json) -> Job:
    (video,) = find_videos([str(blank)])
    return Job(video, str(blank.parent / "results"), {}, about)


class Archive:
    """Runs of ``ferstream archive`` in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.to = folder / "results"
        self.notes = folder / "notes"
        self.notes.mkdir()
        self.most_memory: int | None = None
        self._started: list[subprocess.Popen[str]] = []
        preloaded = folder / "preloaded.py"
        preloaded.write_text(PRELOADED)
        self.environ = os.environ | {
            "PYTHONPATH": str(ROOT),
            "NOTES": str(self.notes),
            "DASK_DISTRIBUTED__WORKER__PRELOAD": str(preloaded),
        }

    def command(self, *arguments: str | Path) -> list[str]:
        words = [sys.executable, "-m", "ferstream", "archive", *arguments, "--to", self.to]
        return [str(word) for word in words]

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environ,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that a signal may go to all of it, as from a terminal
        )
        if self.most_memory is not None:  # Dask looks at this limit, Linux does not
            limit = (self.most_memory, self.most_memory)
            resource.prlimit(process.pid, resource.RLIMIT_RSS, limit)
        self._started.append(process)
        return process

    def close(self) -> None:
        """End what a test that failed has left."""
        for process in self._started:
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()

    def run(self, *arguments: str | Path) -> tuple[int, str]:
        """Return the exit code and what was written to stderr."""
        process = self.start(*arguments)
        _, errors = process.communicate(timeout=240)
        return process.returncode, errors

    def manifest(self, name: str = "_manifest.jsonl") -> dict[str, dict[str, Any]]:
        lines = (self.to / name).read_text().splitlines()
        return {entry["recording"]: entry for entry in map(json.loads, lines)}

    def results(self) -> list[str]:
        return sorted(path.relative_to(self.to).as_posix() for path in self.to.rglob("*.parquet"))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(tmp_path)
    yield archive
    archive.close()
