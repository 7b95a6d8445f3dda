"""Tests of whole runs of ``ferstream archive`` on this machine, whatever befalls them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import ferstream
from tests.ferstream.archive.conftest import Archive
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

ALL_DONE = {"done", "skipped"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The folder for results, with room for less than one."""
    if os.getuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root and mount, for a small file system of its own")
    folder = tmp_path / "results"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(folder)]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def pid_at(archive: Archive, video: str) -> int | None:
    """Return the process that has begun with a video."""
    return next(
        (int(note.name.rpartition("-")[2]) for note in archive.notes.glob(f"{video}-*")), None
    )


def wait_begun(archive: Archive, video: str) -> psutil.Process:
    eventually(lambda: pid_at(archive, video) is not None, f"somebody at {video}")
    pid = pid_at(archive, video)
    assert pid is not None
    return psutil.Process(pid)


@pytest.mark.parametrize("how", [(), ("--shard", "0/1")], ids=["dask", "alone"])
def test_each_video_is_done_or_named(
    archive: Archive, recordings: Path, clip: Path, how: tuple[str, ...]
) -> None:
    code, errors = archive.run(recordings, *how)
    name = "_manifest-0-of-1.jsonl" if how else "_manifest.jsonl"
    assert (code, errors.splitlines()[-1]) == (
        2,
        f"ferstream archive: 2 of 4 failed; {archive.to}/{name} says why",
    )
    assert archive.results() == [
        "recordings/monday/talk.avi.parquet",
        "recordings/tuesday/talk.avi.parquet",
    ]
    entries = archive.manifest(name)
    assert entries["recordings/empty.mkv"]["reason"] == "is empty"
    assert "WARNING recordings/empty.mkv: is empty" in errors
    assert entries["recordings/monday/talk.avi"]["frames"] == 24
    once = ferstream.analyze_video(clip, progress=False)
    records = ferstream.read(archive.to / archive.results()[0])
    assert records.drop_columns("camera").equals(once.drop_columns("camera"))


@pytest.mark.parametrize(
    ("how", "ended_by"),
    [((), "terminal"), (("--shard", "0/1"), "terminal"), (("--shard", "0/1"), "batch system")],
    ids=["dask-terminal", "alone-terminal", "alone-batch-system"],
)
def test_who_runs_it_again_goes_on(
    archive: Archive, recordings: Path, how: tuple[str, ...], ended_by: str
) -> None:
    """The first is done, the second is under way when it is stopped."""
    if how:
        archive.environ["PYTHONPATH"] += os.pathsep + str(preloaded_by_all(archive.folder))
    folder = recordings / "monday"
    shutil.copy(folder / "talk.avi", folder / "patient.avi")
    (folder / "talk.avi").rename(folder / "first.avi")
    process = archive.start(folder, *how)
    wait_begun(archive, "patient")
    eventually(archive.results, "the first one's records")
    family = psutil.Process(process.pid).children(recursive=True)
    if ended_by == "terminal":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.terminate()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.splitlines()[-1]) == (
        130,
        "ferstream archive: stopped; run it again to go on from here",
    )
    if how:  # Dask may tell more of what it gives up
        assert "Traceback" not in errors
    eventually(lambda: not any(each.is_running() for each in family), "the workers' end")
    (archive.notes / "go-on").touch()
    assert archive.run(folder, *how)[0] == 0
    name = "_manifest-0-of-1.jsonl" if how else "_manifest.jsonl"
    assert {entry["recording"]: entry["status"] for entry in archive.manifest(name).values()} == {
        "monday/first.avi": "skipped",
        "monday/patient.avi": "done",
    }


def test_a_worker_that_is_killed_costs_nothing_but_time(archive: Archive, long: Path) -> None:
    process = archive.start(long)
    wait_begun(archive, "b").kill()
    process.communicate(timeout=240)
    assert process.returncode == 0
    assert len(archive.results()) == 4
    alike = [ferstream.read(archive.to / name).drop_columns("camera") for name in archive.results()]
    assert all(records.equals(alike[0]) for records in alike)


def test_videos_that_end_workers_or_take_all_memory_are_named_and_left(
    archive: Archive, recordings: Path
) -> None:
    shutil.copy(recordings / "monday/talk.avi", recordings / "hungry.avi")
    shutil.copy(recordings / "monday/talk.avi", recordings / "poison.avi")
    archive.most_memory = 2**30  # of which each worker has its share
    code, errors = archive.run(recordings)
    assert code == 2
    for name in ("hungry", "poison"):
        assert f"WARNING recordings/{name}.avi: it ended the processes that analysed it" in errors
    assert "4 of 6 failed" in errors
    assert len(archive.results()) == 2
    assert len(list(archive.notes.glob("poison-*"))) <= 4


def test_a_video_that_kills_the_one_process_of_a_shard_is_named_and_left(
    archive: Archive, recordings: Path
) -> None:
    archive.environ["PYTHONPATH"] += os.pathsep + str(preloaded_by_all(archive.folder))
    shutil.copy(recordings / "monday/talk.avi", recordings / "poison.avi")
    code, errors = archive.run(recordings, "--shard", "0/1")
    assert code == 2
    assert "WARNING recordings/poison.avi: it ended the process that analysed it" in errors
    assert "3 of 5 failed" in errors
    assert len(archive.results()) == 2
    assert len(list(archive.notes.glob("poison-*"))) == 1


def preloaded_by_all(folder: Path) -> Path:
    """Return a folder whose ``sitecustomize`` does what a worker of Dask loads first."""
    site = folder / "site"
    site.mkdir()
    shutil.copy(folder / "preloaded.py", site / "sitecustomize.py")
    return site


@pytest.mark.parametrize("how", [(), ("--shard", "0/1")], ids=["dask", "alone"])
def test_none_outlives_a_run_that_is_killed(
    archive: Archive, blank: Path, how: tuple[str, ...]
) -> None:
    if how:
        archive.environ["PYTHONPATH"] += os.pathsep + str(preloaded_by_all(archive.folder))
    process = archive.start(blank.rename(blank.with_name("patient.mp4")), *how)
    wait_begun(archive, "patient")
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    process.kill()
    process.wait()
    if how:  # it ends with what it has in hand
        (archive.notes / "go-on").touch()
    eventually(lambda: not any(each.is_running() for each in family), "the workers' end")


def test_a_place_that_takes_no_results_is_named_before_work_begins(
    archive: Archive, recordings: Path, small_disk: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    code, errors = archive.run(recordings)
    assert code == 2
    assert errors.splitlines()[-1].startswith(f"ferstream archive: --to {small_disk}: ")
    assert "Read-only file system" in errors
    assert not list(archive.notes.iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--workers", "0"), "0: expected 1 or more"),
        (("--resources", "GPU=0"), "GPU=0: expected NAME=NUMBER"),
        (("--resources", "GPU=1"), "only workers of a cluster have some"),
    ],
)
def test_what_would_wait_for_ever_is_refused(
    archive: Archive, blank: Path, options: tuple[str, ...], words: str
) -> None:
    code, errors = archive.run(blank, *options)
    assert code == 2
    assert words in errors


def test_without_room_it_stops_and_says_so(
    archive: Archive, recordings: Path, small_disk: Path
) -> None:
    code, errors = archive.run(recordings / "monday", recordings / "tuesday")
    assert code == 2
    assert "its records cannot be written: " in errors
    assert "No space left on device" in errors
    assert not [path for path in small_disk.rglob("*.parquet") if path.stat().st_size]
    assert not list(small_disk.rglob(".new-*"))


def test_shards_have_all_of_them_between_them(archive: Archive, recordings: Path) -> None:
    for shard in ("0/2", "1/2"):
        archive.run(recordings, "--shard", shard)
    names = ["_manifest-0-of-2.jsonl", "_manifest-1-of-2.jsonl"]
    assert [len(archive.manifest(name)) for name in names] == [2, 2]
    assert len(archive.results()) == 2
    assert json.loads((archive.to / names[0]).read_text().splitlines()[0])["recording"]
