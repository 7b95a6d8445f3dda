"""The file of records through restarts and full disks."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from common.contract import Mode
from common.messages import Result
from publisher.output_files import RecordError
from publisher.results.metadata import metadata_file
from publisher.results.reader import recorded_frames
from publisher.results.writer import ResultsWriter
from publisher.tracking.following import Following
from tests.publisher.full_disk import largest_file
from tests.publisher.results.clips import clip, photos, publish


def run(path: Path, results: Sequence[Result], restarts: int = 0) -> dict[str, int]:
    following = Following()
    writer = ResultsWriter(path, 0.0 if restarts else None, following.replay)
    announced = writer.last_recorded()
    publish(writer, following, results)
    writer.close()
    return announced


@pytest.fixture(params=["faces.csv", "faces.jsonl"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def test_a_file_of_an_earlier_run_is_moved_aside(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for frames in (3, 4, 5):
        run(path, clip(frames))
    first, second = (path.with_name(f"faces.{n}{path.suffix}") for n in (1, 2))
    assert [len(list(recorded_frames(each))) for each in (first, second, path)] == [3, 4, 5]
    assert f"moved it to {first}" in caplog.text


@pytest.mark.parametrize("acknowledged", [True, False])
@pytest.mark.parametrize("lost_bytes", [0, 1, 60, 300])
def test_a_killed_publisher_goes_on_where_it_was(
    path: Path, lost_bytes: int, *, acknowledged: bool
) -> None:
    whole = path.with_name(f"whole{path.suffix}")
    run(whole, clip(40))
    run(path, clip(25))
    if lost_bytes:  # it was killed while it wrote the last frames, so those were not acknowledged
        acknowledged = False
        path.write_bytes(path.read_bytes()[:-lost_bytes])
    announced = run(path, clip(40)[25 if acknowledged else 22 :], restarts=1)
    assert path.read_bytes() == whole.read_bytes()
    assert announced["cam"] in (21, 22, 23)


def test_records_of_the_process_before_are_counted_too(path: Path) -> None:
    whole, before = ResultsWriter(path.with_name(f"whole{path.suffix}")), ResultsWriter(path)
    publish(whole, Following(), clip(20))
    publish(before, Following(), clip(12))
    for writer in (whole, before):
        writer.close()
    path.write_bytes(path.read_bytes()[:-60])  # the last frame is written anew
    following = Following()
    after = ResultsWriter(path, 0.0, following.replay)
    publish(after, following, clip(20)[11:])
    after.close()
    assert after.written == whole.written


@pytest.mark.parametrize("recorded", [1, 4, 5, 12])
def test_the_photos_of_a_folder_stay_each_one_s_own_through_a_kill(
    path: Path, recorded: int
) -> None:
    whole = path.with_name(f"whole{path.suffix}")
    run(whole, photos(20))
    run(path, photos(recorded))
    run(path, photos(20)[recorded:], restarts=1)
    assert path.read_bytes() == whole.read_bytes()


def test_what_is_sent_again_is_not_written_again(path: Path) -> None:
    run(path, clip(20))
    before = path.read_bytes()
    run(path, clip(20), restarts=1)
    assert path.read_bytes() == before


def test_an_unsure_frame_is_completed_behind_those_of_another_camera(path: Path) -> None:
    last = clip(2)[1]
    run(path, [last])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))  # the second face is missing
    assert run(path, [*clip(3, "other"), last], restarts=1) == {}
    frames = [(found.camera, found.frame_id, found.records) for found in recorded_frames(path)]
    assert (frames[0], frames[-1]) == (("cam", 1, 1), ("cam", 1, 1))
    assert path.read_bytes().endswith(lines[-1])


def test_cameras_are_told_apart(path: Path) -> None:
    results = [one for pair in zip(clip(9), clip(9, "b"), strict=True) for one in pair]
    run(path, results)
    assert run(path, [], restarts=2) == {"cam": 8, "b": 7}


def test_frame_numbers_that_begin_again_are_recorded_when_live(path: Path) -> None:
    run(path, [*clip(9, mode=Mode.LIVE), *clip(4, mode=Mode.LIVE)])
    assert len(list(recorded_frames(path))) == 13


def test_the_file_of_an_earlier_run_stays_until_there_is_something_to_record(path: Path) -> None:
    path.write_text("precious\n")
    ResultsWriter(path).close()
    assert path.read_text() == "precious\n"
    run(path, clip(1))
    assert path.with_name(f"{path.stem}.1{path.suffix}").read_text() == "precious\n"


def test_a_restart_before_the_first_record_does_not_continue_an_earlier_run(path: Path) -> None:
    path.write_text("precious\n")
    writer, following = ResultsWriter(path, path.stat().st_mtime + 60), Following()
    assert writer.last_recorded() == {}
    publish(writer, following, clip(1))
    writer.close()
    assert path.with_name(f"{path.stem}.1{path.suffix}").read_text() == "precious\n"


def test_a_file_that_holds_no_records_is_left_alone(path: Path) -> None:
    path.write_text("not mine\n")
    with pytest.raises(RecordError, match=r"record 1"):
        run(path, clip(1), restarts=1)
    assert path.read_text() == "not mine\n"


def test_a_full_disk_stops_live_recording_once_and_leaves_whole_frames(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer, following = ResultsWriter(path), Following()
    with largest_file(3000):
        publish(writer, following, clip(60, mode=Mode.LIVE))
    writer.close()
    assert "cannot be written" in str(writer.trouble)
    assert len(caplog.records) == 1
    assert path.stat().st_size < 3000
    frames = list(recorded_frames(path))
    assert [found.frame_id for found in frames] == list(range(len(frames)))
    assert sum(found.records for found in frames) == writer.written


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_device_that_is_full_is_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    path.symlink_to("/dev/full")
    writer = ResultsWriter(path)
    publish(writer, Following(), clip(3, mode=Mode.LIVE))
    assert "No space left" in str(writer.trouble)


def test_what_made_a_file_is_kept_beside_it_and_moved_with_it(path: Path) -> None:
    for made_by in ("first", "second"):
        writer, following = ResultsWriter(path), Following()
        writer.describe({"made_by": "nobody yet"})
        assert metadata_file(path).exists() == (made_by == "second")  # not before the records
        publish(writer, following, clip(3))
        writer.describe({"made_by": made_by})
        writer.finish()
    beside = [metadata_file(path.with_name(f"faces.1{path.suffix}")), metadata_file(path)]
    assert [json.loads(file.read_text())["made_by"] for file in beside] == ["first", "second"]


def test_records_go_on_where_what_made_them_cannot_be_written(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    metadata_file(path).mkdir()
    writer, following = ResultsWriter(path), Following()
    writer.describe({"made_by": "this"})
    publish(writer, following, clip(3))
    writer.close()
    assert "faces.meta.json cannot be written" in caplog.text
    assert len(list(recorded_frames(path))) == 3
