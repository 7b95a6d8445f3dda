"""No room: on the disk that is recorded to, and where the rings of pixels lie."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from tests.e2e.looking import assert_ledger
from tests.e2e.lossless_runs import frame_ids, rows_of
from tests.support import media
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        os.getuid() != 0 or shutil.which("mount") is None or shutil.which("unshare") is None,
        reason="needs root, mount and unshare, for a small file system of its own",
    ),
]


class Cramped(Pipeline):
    """A pipeline with room for one ring and a half."""

    before = "mount -t tmpfs -o size=12m tmpfs /dev/shm"


class WithoutRoom(Pipeline):
    """A pipeline with room for one frame."""

    before = "mount -t tmpfs -o size=1m tmpfs /dev/shm"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=False
    )
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_stops_the_recording_with_an_alert_and_the_live_view_goes_on(
    small_disk: Path,
) -> None:
    with Pipeline(
        PUBLISHER_RECORD=small_disk / "talk.mp4", PUBLISHER_RESULTS=small_disk / "talk.csv"
    ) as pipeline:
        filler = small_disk / "filler"
        pipeline.wait_published(10)
        filler.write_bytes(bytes(shutil.disk_usage(small_disk).free))

        def alerts() -> list[str]:
            status = pipeline.status()
            return [file["reason"] for file in (status["results"], *status["recordings"])]

        eventually(
            lambda: all("No space left" in reason for reason in alerts()),
            lambda: f"both alerts: {alerts()}\n{pipeline.log}",
        )
        pipeline.wait_published(pipeline.camera()["published"] + 30)
        assert_ledger(pipeline.camera())
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log


def test_a_ring_directory_without_room_is_one_line_that_says_how_much_is_needed() -> None:
    with WithoutRoom() as pipeline:
        assert pipeline.wait() == 2, pipeline.log
        pipeline.assert_nothing_left()
    assert "8 frames of 640x480 need 7 MB in /dev/shm" in pipeline.log
    assert "Traceback" not in pipeline.log


def test_a_capture_that_is_killed_comes_back_where_there_is_room_for_one_ring_only() -> None:
    with Cramped() as pipeline:
        pipeline.wait_published(5)
        before = pipeline.camera()["published"]
        pipeline.kill("capture.stage")
        pipeline.wait_published(before + 30)
        assert pipeline.camera()["online"]
        assert_ledger(pipeline.camera())
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log


def test_photographs_of_many_sizes_are_analysed_where_there_is_room_for_some(
    tmp_path: Path,
) -> None:
    folder, results = media.write_folder(tmp_path / "photographs", []), tmp_path / "found.csv"
    for index in range(30):
        cv2.imwrite(str(folder / f"{index:02}.png"), media.picture(9, 300 + index, 200))
    with Cramped(
        CAPTURE_SOURCE=folder, CAPTURE_MODE="lossless", PUBLISHER_RESULTS=results
    ) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert frame_ids(rows_of(results)) == list(range(30))
