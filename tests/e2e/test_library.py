"""The library and the command give what a run of processes does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ferstream
from ferstream.__main__ import main
from tests.e2e.lossless_runs import Reference, analyse
from tests.support.pipeline import PATIENCE_S, ROOT, Pipeline, free_port, pipeline_environ

pytestmark = pytest.mark.e2e


def test_records_are_those_of_a_lossless_run(clip: Path, reference: Reference) -> None:
    records = ferstream.analyze_video(clip, progress=False)
    assert records.equals(ferstream.read(reference.path))


def test_records_by_yunet_are_those_of_a_lossless_run(clip: Path, tmp_path: Path) -> None:
    results = tmp_path / "talk.parquet"
    with analyse(clip, results, DETECTOR="yunet") as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    records = ferstream.analyze_video(clip, detector="yunet", progress=False)
    assert records.equals(ferstream.read(results))


def test_the_command_runs_a_pipeline_from_any_folder_and_its_options_win(
    second_of_video: Path, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        f"BROKER_ENDPOINT=ipc://{tmp_path}/broker.ipc\nPUBLISHER_RESULTS=other.csv\n"
    )
    given = ["--lossless", "--results", "talk.csv", "--port", str(free_port())]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CAPTURE_")}
    run = subprocess.run(
        [sys.executable, "-m", "ferstream", "run", second_of_video, *given],
        check=False,
        cwd=tmp_path,
        env=environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert run.returncode == 0, run.stdout
    assert sorted(path.name for path in tmp_path.glob("[!.]*.*")) == ["talk.csv", "talk.meta.json"]
    analyzed = ferstream.analyze_video(second_of_video, progress=False)
    assert ferstream.read(tmp_path / "talk.csv").equals(analyzed)
    last = run.stdout.splitlines()[-1]
    assert last.startswith(f"INFO publisher: every source has ended; wrote {len(analyzed)} records")


def test_the_last_line_says_why_the_pipeline_ended(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "ferstream", "run", "nowhere.mp4"],
        check=False,
        cwd=tmp_path,
        env=pipeline_environ(tmp_path, free_port()),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert run.returncode == 2, run.stdout
    assert "SIGTERM" in run.stdout, "others were told to stop"
    last = run.stdout.splitlines()[-1]
    assert last.startswith("capture: CAPTURE_SOURCE=nowhere.mp4: does not exist")


class PipelineByCommand(Pipeline):
    """The same pipeline, started by ``ferstream run``."""

    def popen(self, command: list[str], **options: Any) -> subprocess.Popen[Any]:  # noqa: ARG002 - another
        """Start it."""
        return super().popen([sys.executable, "-m", "ferstream", "run"], **options)


def test_nothing_is_left_when_the_command_is_killed() -> None:
    with PipelineByCommand() as pipeline:
        pipeline.wait_published(5)
        pipeline.process.kill()
        pipeline.process.wait(PATIENCE_S)
        pipeline.assert_nothing_left()


def test_the_command_takes_no_password_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "rtsp://me:secret@camera/stream"]) == 2
    told = capsys.readouterr().err
    assert "secret" not in told
    assert "set CAPTURE_SOURCE in the environment" in told
