"""Pictures recorded by the stage, from the ring to the file."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from urllib.request import urlopen

import cv2
import numpy as np
import pytest

from common.contract import Mode
from common.errors import ConfigError
from publisher.config import PublisherConfig
from publisher.output_files import RecordError
from publisher.recording.recordings import Recordings
from tests.publisher.full_disk import largest_file
from tests.publisher.material import HEIGHT, WIDTH, Rig, frame, result, rig
from tests.publisher.recording.films import times_in_opencv, watch


def publish(running: Rig, frames: int, mode: Mode = Mode.LOSSLESS, first: int = 0) -> None:
    for frame_id in range(first, first + frames):
        running.publish(result(frame(frame_id, ring=str(running.ring.path)), mode=mode))


def test_every_frame_of_a_lossless_run_is_in_both_videos_one_of_which_shows_faces(
    folder: Path,
) -> None:
    annotated, clean = folder / "out.mp4", folder / "clean.mp4"
    with rig(folder, record=annotated, record_clean=clean) as running:
        publish(running, 60)
    times_s = [number / 25 for number in range(60)]
    spread = {}
    for path in (annotated, clean):
        assert watch(path).times_s == pytest.approx(times_s, abs=0.001)
        reader = cv2.VideoCapture(str(path))
        for _ in range(10):
            _, bgr = reader.read()
        spread[path] = int(np.ptp(bgr))
        reader.release()
    assert spread[clean] < 10  # the ring's frames are of one grey
    assert spread[annotated] > 80


def test_a_folder_gets_an_image_a_frame(folder: Path) -> None:
    with rig(folder, record=folder / "faces") as running:
        publish(running, 3)
    names = sorted(path.name for path in (folder / "faces").iterdir())
    assert names == ["cam-000000.jpg", "cam-000001.jpg", "cam-000002.jpg"]


def test_after_a_restart_the_video_goes_on_in_a_next_part(folder: Path) -> None:
    with rig(folder, record=folder / "out.mp4") as running:
        publish(running, 30)
    with rig(folder, record=folder / "out.mp4", restarts=1) as running:
        publish(running, 30, first=30)
    assert watch(folder / "out.mp4").times_s[-1] == pytest.approx(29 / 25, abs=0.001)
    assert watch(folder / "out.part2.mp4").times_s[0] == pytest.approx(30 / 25, abs=0.001)
    assert len(times_in_opencv(folder / "out.part2.mp4")) == 30


def test_a_full_disk_stops_the_video_with_an_alert_and_the_live_view_goes_on(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rng = np.random.default_rng(1)
    with rig(folder, record=folder / "out.mp4") as running:
        with largest_file(1_000_000):
            for _ in range(2_000):
                running.ring.write(0, rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8))
                running.publish_next()
                if running.stage.live.board.view().recordings[0].trouble:
                    break
        with urlopen(f"{running.url}/api/status") as answer:
            (told,) = json.load(answer)["recordings"]
        assert told["state"] == "stopped"
        assert "out.mp4 cannot be written" in told["reason"]
        before = running.stage.live.hub.newest("cam")
        running.stage.live.pictures._cameras.clear()  # as if a second had passed
        running.publish_next()
        assert running.stage.live.hub.newest("cam") is not before
    assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1
    assert watch(folder / "out.mp4").keyframes > 0


def test_a_lossless_run_ends_when_its_video_cannot_be_written(folder: Path) -> None:
    rng = np.random.default_rng(1)
    with rig(folder, record=folder / "out.mp4") as running:

        def publish_noise() -> None:
            for frame_id in range(10_000):
                running.ring.write(0, rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8))
                publish(running, 1, first=frame_id)

        with largest_file(60_000), pytest.raises(RecordError, match=r"out\.mp4 cannot be written"):
            publish_noise()


def test_both_recordings_need_a_place_of_their_own(tmp_path: Path) -> None:
    config = PublisherConfig(record=tmp_path / "a.mp4", record_clean=tmp_path / "a.mp4")
    with pytest.raises(ConfigError, match=r"PUBLISHER_RECORD_CLEAN=.*another path"):
        Recordings(config, None)
