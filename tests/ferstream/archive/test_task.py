"""Tests of one recording's way from its file to the file of its records."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import ferstream
from ferstream.archive.sources import find_videos
from ferstream.archive.stores import Store
from ferstream.archive.task import FINGERPRINT, Job, Status, analyse
from publisher.as_json import Json


def job_for(recording: Path, to: Path, about: Json) -> Job:
    (video,) = find_videos([str(recording)])
    return Job(video, str(to), {}, about)


def test_records_are_those_of_one_machine(clip: Path, tmp_path: Path, about: Json) -> None:
    job = job_for(clip, tmp_path / "results", about)
    outcome = analyse(job)
    assert (outcome.status, outcome.frames) == (Status.DONE, 24)
    records = ferstream.read(tmp_path / "results" / outcome.target)
    assert records.equals(ferstream.analyze_video(clip, progress=False))
    assert len(records) >= 24
    made_by = ferstream.metadata_of(records)
    assert made_by[FINGERPRINT] == job.fingerprint
    assert '"source": "clip.avi"' in json.dumps(made_by["cameras"])


def test_what_is_done_is_skipped(job: Job) -> None:
    assert analyse(job).status is Status.DONE
    target = Path(job.to, job.target)
    before = target.stat()
    assert analyse(job).status is Status.SKIPPED
    assert target.stat() == before


def test_what_was_made_with_other_settings_is_done_again(job: Job) -> None:
    analyse(job)
    settings = {"interval_frames": 1}
    other = replace(job, settings=settings, about=ferstream.Analyzer(**settings).about)
    assert analyse(other).status is Status.DONE
    assert analyse(job).status is Status.DONE


def test_a_file_that_has_changed_is_done_again(job: Job, blank: Path, about: Json) -> None:
    analyse(job)
    os.utime(blank, ns=(0, 0))
    assert analyse(job_for(blank, Path(job.to), about)).status is Status.DONE


@pytest.mark.parametrize("size", [0, 4, 1000])
def test_records_that_are_cut_are_made_again(job: Job, size: int) -> None:
    analyse(job)
    target = Path(job.to, job.target)
    target.write_bytes(target.read_bytes()[:size])
    assert analyse(job).status is Status.DONE


@pytest.mark.parametrize("damaged", [b"\xff", b"{"])
def test_records_whose_end_is_damaged_are_made_again(job: Job, damaged: bytes) -> None:
    analyse(job)
    target = Path(job.to, job.target)
    before = target.read_bytes()
    at = before.rindex(b'"fingerprint"')
    target.write_bytes(before[:at] + 13 * damaged + before[at + 13 :])
    assert analyse(job).status is Status.DONE
    footer = len(before) - 8 - int.from_bytes(before[-8:-4], "little")
    target.write_bytes(before[:footer] + 50 * damaged + before[footer + 50 :])
    assert analyse(job).status is Status.DONE


@pytest.mark.parametrize("length", [200, 247])
def test_a_long_name_is_written_where_there_is_room_for_its_own(
    blank: Path, about: Json, length: int
) -> None:
    long = blank.rename(blank.with_name("n" * (length - 4) + ".mp4"))
    assert analyse(job_for(long, blank.parents[1] / "results", about)).status is Status.DONE


def test_a_name_that_is_too_long_for_records_costs_no_other_video(blank: Path, about: Json) -> None:
    long = blank.rename(blank.with_name("n" * 246 + ".mp4"))
    outcome = analyse(job_for(long, blank.parents[1] / "results", about))
    assert "File name too long" in outcome.reason
    assert not outcome.ends_run


def test_a_worker_with_another_model_does_nothing(job: Job) -> None:
    outcome = analyse(replace(job, about=job.about | {"ferstream": "9.9"}))
    assert (outcome.status, outcome.ends_run) == (Status.FAILED, True)
    assert "another version of ferstream or other models" in outcome.reason
    assert not Path(job.to).exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("broken.mp4", "is not a video or image"),
        ("empty.mkv", "is empty"),
        ("gone.mp4", "does not exist"),
    ],
)
def test_what_cannot_be_read_fails_with_its_reason(
    recordings: Path, tmp_path: Path, about: Json, name: str, words: str
) -> None:
    (recordings / "gone.mp4").touch()
    job = job_for(recordings / name, tmp_path / "results", about)
    (recordings / "gone.mp4").unlink()
    outcome = analyse(job)
    assert outcome.status is Status.FAILED
    assert words in outcome.reason
    assert str(tmp_path) not in outcome.reason


def test_nothing_is_left_where_the_records_cannot_be_put(
    job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    outcome = analyse(job, scratch)
    assert (outcome.status, outcome.ends_run) == (Status.FAILED, True)
    assert not list(scratch.iterdir())
    assert not [path for path in Path(job.to).rglob("*") if path.is_file()]


def test_a_reader_finds_the_old_file_or_the_new_one(job: Job) -> None:
    """As a file is replaced, not overwritten, who has the old one open reads on."""
    analyse(job)
    target = Path(job.to, job.target)
    with target.open("rb") as reader:
        before = target.stat().st_ino
        Store(job.to).put(target, job.target)
        assert target.stat().st_ino != before
        assert reader.read() == target.read_bytes()
