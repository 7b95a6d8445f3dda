"""Tests of the list of what became of each recording."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import pytest

from common.errors import ConfigError
from ferstream.archive import manifest as module
from ferstream.archive.manifest import Manifest, in_words
from ferstream.archive.stores import Store
from ferstream.archive.task import Outcome, Status

DONE = Outcome("a.mp4", Status.DONE, "a.mp4.parquet", frames=7, seconds=1.25, worker="host:1")
FAILED = Outcome("b.mp4", Status.FAILED, reason="is empty", worker="host:1")


def entries(folder: Path, name: str = "_manifest.jsonl") -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def test_it_has_a_line_for_each_recording(tmp_path: Path) -> None:
    manifest = Manifest(Store(str(tmp_path)))
    manifest.add(DONE)
    manifest.add(FAILED)
    manifest.save()
    done, failed = entries(tmp_path)
    assert done == {
        "recording": "a.mp4",
        "status": "done",
        "reason": "",
        "results": "a.mp4.parquet",
        "frames": 7,
        "seconds": 1.25,
        "worker": "host:1",
    }
    assert (failed["status"], failed["reason"]) == ("failed", "is empty")


def test_lines_of_earlier_runs_stay_until_the_recording_comes_again(tmp_path: Path) -> None:
    first = Manifest(Store(str(tmp_path)))
    first.add(DONE)
    first.add(FAILED)
    first.save()
    second = Manifest(Store(str(tmp_path)))
    second.add(Outcome("b.mp4", Status.DONE, "b.mp4.parquet"))
    second.save()
    assert [entry["status"] for entry in entries(tmp_path)] == ["done", "done"]


def test_what_is_skipped_keeps_what_is_known_of_it(tmp_path: Path) -> None:
    manifest = Manifest(Store(str(tmp_path)))
    manifest.add(DONE)
    manifest.add(Outcome("a.mp4", Status.SKIPPED, "a.mp4.parquet"))
    manifest.save()
    (entry,) = entries(tmp_path)
    assert (entry["status"], entry["frames"]) == ("skipped", 7)


def test_each_shard_has_one_of_its_own(tmp_path: Path) -> None:
    Manifest(Store(str(tmp_path)), "2-of-8").save()
    assert entries(tmp_path, "_manifest-2-of-8.jsonl") == []


def test_it_is_saved_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAVE_S", 0.0)
    Manifest(Store(str(tmp_path))).add(DONE)
    assert len(entries(tmp_path)) == 1


def test_where_it_cannot_be_written_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    manifest = Manifest(Store(str(tmp_path)))
    monkeypatch.setattr(shutil, "copyfileobj", full)
    with caplog.at_level(logging.WARNING):
        manifest.save()
    assert "_manifest.jsonl cannot be written: [Errno 28] No space left" in caplog.text
    assert not list(tmp_path.iterdir())


def test_one_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "_manifest.jsonl").write_text("{")
    with pytest.raises(ConfigError, match=r"_manifest\.jsonl is damaged"):
        Manifest(Store(str(tmp_path)))


def test_counts_are_told_in_words() -> None:
    assert in_words({Status.DONE: 2, Status.FAILED: 1}) == "2 done, 1 failed"
