"""The stage on a real socket, against a broker played by the test."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from common.contract import Mode
from common.errors import RefusedError
from common.messages import Finish, Published, Refused, WhoAreYou
from publisher.live.figures import TOTAL
from publisher.output_files import RecordError
from publisher.results.metadata import read_metadata
from publisher.results.reader import recorded_frames
from publisher.tracking.tracks import SHOWN_FROM
from tests.publisher.full_disk import largest_file
from tests.publisher.material import (
    FACE,
    HAPPY,
    SAD,
    Rig,
    camera_status,
    frame,
    pipeline,
    result,
    rig,
)


def test_a_frame_is_on_disk_when_it_is_acknowledged(folder: Path) -> None:
    path = folder / "faces.csv"
    with rig(folder, results=path, welcomed=False) as running:
        assert running.hello().recorded == {}
        for frame_id in (3, 5):
            published = running.publish(result(frame(frame_id)))
            assert published == Published("cam", frame_id)
            assert [found.frame_id for found in recorded_frames(path)][-1] == frame_id


def test_a_restarted_publisher_announces_what_it_has(folder: Path) -> None:
    path = folder / "faces.jsonl"
    with rig(folder, results=path) as running:
        for frame_id in range(4):
            running.publish(result(frame(frame_id), mode=Mode.LOSSLESS))
    with rig(folder, results=path, restarts=1, welcomed=False) as running:
        assert running.hello().recorded == {"cam": 2}
        for frame_id in (2, 3, 4):
            running.publish(result(frame(frame_id), mode=Mode.LOSSLESS))
        assert running.stage.hello().recorded == {"cam": 4}
    assert [found.frame_id for found in recorded_frames(path)] == [0, 1, 2, 3, 4]


def test_when_all_is_published_the_stage_ends(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = folder / "faces.csv"
    with caplog.at_level(logging.INFO), rig(folder, results=path) as running:
        running.publish(result(frame(1)))
        running.broker.send(Finish())
        running.until(lambda: running.lifetime.stop_requested, "the end")
    assert path.read_bytes().count(b"\n") == 2
    assert f"every source has ended; wrote 1 record to {path}" in caplog.messages


def test_what_made_the_records_names_the_videos_beside_them(folder: Path) -> None:
    (folder / "videos").mkdir()
    path, clean = folder / "faces.csv", folder / "videos" / "clean.mp4"
    with rig(folder, results=path, record_clean=clean) as running:
        running.report(pipeline(camera_status()))
        running.publish_next()
    told = read_metadata(path)
    assert told["recorded"] == {"clean": "videos/clean.mp4"}
    assert (folder / "videos" / "clean.mp4").is_file()


def test_nobody_watches_so_nothing_is_drawn(
    running: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.live.pictures.KEEP_INTERVAL_S", 1000.0)
    running.publish_next()
    picture = running.stage.live.hub.newest("cam")
    for _ in range(5):  # without pixels: touching them would be logged
        running.publish(result(frame(running.frames + 1)))
    assert running.stage.live.hub.newest("cam") is picture
    assert "no picture" not in caplog.text


def test_a_frame_whose_pixels_are_gone_is_published_all_the_same(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with rig(folder) as running:
        assert running.publish(result(frame(1, ring=f"{folder}/gone"))) == Published("cam", 1)
    assert "no picture of frame 1 of cam" in caplog.text


def test_a_refused_publisher_says_why(running: Rig) -> None:
    running.broker.send(Refused("there are enough publishers"))
    with pytest.raises(RefusedError, match="enough"):
        running.until(lambda: False, "the refusal")


def test_a_restarted_broker_is_told_who_this_is(running: Rig) -> None:
    running.broker.send(WhoAreYou())
    running.hello()


def test_a_lossless_run_ends_when_its_records_cannot_be_written(folder: Path) -> None:
    with rig(folder, results=folder / "faces.csv") as running:
        crowd = [((x * 9, 0, 8, 8), HAPPY) for x in range(12)]
        with largest_file(500), pytest.raises(RecordError, match="make room and run again"):
            running.publish(result(frame(0), crowd, mode=Mode.LOSSLESS))


def test_a_live_run_goes_on_without_records(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with rig(folder, results=folder / "faces.csv") as running:
        with largest_file(500):
            for frame_id in range(20):
                running.publish(result(frame(frame_id)))
        assert "cannot be written" in str(running.stage.live.board.view().results_trouble)
    assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1


def test_labels_are_smoothed_from_frame_to_frame(running: Rig) -> None:
    for frame_id, row in enumerate([HAPPY, HAPPY, HAPPY, SAD, None, *[SAD] * 30]):
        running.publish(result(frame(frame_id), [(FACE, row)]))
        newest = running.stage.live.board.view().cameras[0].newest
        assert newest
        assert len(newest.shown) == (frame_id + 1 >= SHOWN_FROM)
        if frame_id in (3, 4):
            assert newest.faces[0].label == "happy"
    assert newest
    assert newest.faces[0].label == "sad"


def test_nothing_is_kept_of_a_camera_that_was_taken_away(running: Rig) -> None:
    for camera in ("cam", "door"):
        running.publish_next(camera)
    stage = running.stage
    known = pipeline(camera_status("cam"), camera_status("door", online=False))
    running.report(replace(known, uptime_s=99.0))
    assert stage.live.hub.newest("door")
    assert ("door", TOTAL) in stage.live.board.latencies.histograms()
    running.report(replace(pipeline(camera_status("cam")), uptime_s=99.0))
    assert stage.live.board.cameras() == ("cam",)
    assert stage.live.hub.newest("cam")
    assert stage.live.hub.newest("door") is None
    assert {camera for camera, _ in stage.live.board.latencies.histograms()} == {"cam"}
    assert len(stage.live.history.since(0, "door")) == 1


def test_a_camera_that_comes_back_goes_on_numbering_its_faces(running: Rig) -> None:
    running.report(replace(pipeline(camera_status()), uptime_s=99.0))
    running.publish(result(frame(7)))
    running.report(replace(pipeline(), uptime_s=99.0))
    running.publish(result(replace(frame(0), cut=True)))
    first, second = running.stage.live.history.since(0, None)
    assert (first.frame.faces[0].track_id, second.frame.faces[0].track_id) == (1, 2)


def test_a_broker_that_has_just_started_takes_no_camera_away_that_gave_a_frame(
    running: Rig,
) -> None:
    running.report(pipeline(camera_status(), camera_status("idle")))
    running.publish_next()
    running.report(pipeline())
    assert running.stage.live.hub.newest("cam")
    assert running.stage.live.board.cameras() == ("cam",)


@pytest.mark.parametrize(
    "library", ["scipy", "cv2", "av", "pyarrow", "flask", "jinja2", "prometheus_client"]
)
def test_what_only_some_runs_need_is_not_imported_by_all(library: str) -> None:
    program = f"import publisher.stage, sys; sys.exit({library!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_records_of_a_recording_that_is_played_live_are_warned_of_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    talk = replace(camera_status("talk"), is_recording=True)
    others = camera_status("door"), replace(talk, camera="film", mode=Mode.LOSSLESS)
    with rig(folder, results=folder / "faces.csv") as running:
        for done in range(2):
            running.report(pipeline(talk, *others, done=done))
    (warning,) = [line for line in caplog.messages if "lossless" in line]
    assert warning.startswith("camera talk is a recording that is played live")
    assert "CAPTURE_MODE=lossless" in warning


def test_nobody_is_warned_where_nothing_is_recorded(
    running: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    running.report(pipeline(replace(camera_status("talk"), is_recording=True)))
    assert "lossless" not in caplog.text
