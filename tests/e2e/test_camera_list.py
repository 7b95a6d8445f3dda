"""A pipeline that runs the cameras of a list, and follows it while it changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capture.cells import cell_of
from tests.capture.mjpeg_server import MjpegServer
from tests.support.media import DEMO_FPS, cut_demo
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    made = MjpegServer()
    yield made
    made.close()


def cameras(pipeline: Pipeline) -> dict[str, Any]:
    return {each["camera"]: each for each in pipeline.status().get("cameras", [])}


def reason(pipeline: Pipeline, name: str) -> str:
    """Return why a camera is offline."""
    return str(pipeline.camera(name).get("reason", ""))


def captures(pipeline: Pipeline) -> list[int]:
    return [process.pid for process in pipeline.processes("capture.stage")]


def test_a_camera_that_is_away_at_the_start_keeps_no_other_from_working(
    server: MjpegServer, tmp_path: Path
) -> None:
    """By hand it would be a wrong setting, and end all; among many there is always one."""
    server.gone.set()
    listed = tmp_path / "cameras"
    listed.write_text(f"hall demo\ndoor {server.url}\ngate\n")
    with Pipeline(CAPTURE_CAMERAS=listed) as pipeline:
        pipeline.wait_published(5, "hall")
        eventually(lambda: "no video can be reached" in reason(pipeline, "door"))
        assert "line 3: expected the address of camera gate" in pipeline.log
        assert pipeline.get("/readyz")[0] == 200
        server.gone.clear()
        pipeline.wait_published(5, "door")
        assert pipeline.interrupt() in (0, 130)
        pipeline.assert_nothing_left()


def test_a_list_is_followed_and_who_has_not_changed_goes_on(tmp_path: Path) -> None:
    listed = tmp_path / "cameras"
    listed.write_text("hall demo\ndoor demo\n")
    with Pipeline(CAPTURE_CAMERAS=listed) as pipeline:
        for name in ("hall", "door"):
            pipeline.wait_published(5, name)
        before = set(captures(pipeline))
        assert len(before) == 2
        listed.write_text("hall demo\ngate demo\n")
        pipeline.wait_published(5, "gate")
        eventually(lambda: not pipeline.camera("door").get("online"), "the end of door")
        assert len(set(captures(pipeline)) & before) == 1
        assert cameras(pipeline)["hall"]["online"]
        listed.unlink()
        eventually(lambda: "until then the list of before holds" in pipeline.log)
        assert len(captures(pipeline)) == 2


def test_a_cell_runs_what_falls_to_it_and_takes_over_from_one_that_goes(tmp_path: Path) -> None:
    listed, cells = tmp_path / "cameras", tmp_path / "cells"
    names = [f"camera-{number}" for number in range(4)]
    listed.write_text("".join(f"{name} demo\n" for name in names))
    cells.write_text("2\n")
    settings = {"CAPTURE_CAMERAS": listed, "CAPTURE_CELLS": cells}
    with Pipeline(**settings, CAPTURE_CELL="0") as pipeline:
        mine = {name for name in names if cell_of(name, 2) == 0}
        eventually(lambda: set(cameras(pipeline)) == mine, lambda: pipeline.log)
        cells.write_text("1\n")
        eventually(lambda: set(cameras(pipeline)) == set(names), lambda: pipeline.log)


def test_recordings_of_a_list_end_the_pipeline_when_all_have_ended(tmp_path: Path) -> None:
    clip = cut_demo(tmp_path / "clip.avi", 20, DEMO_FPS)
    listed = tmp_path / "cameras"
    listed.write_text(f"hall {clip}\ndoor {clip}\n")
    with Pipeline(CAPTURE_CAMERAS=listed) as pipeline:
        assert pipeline.wait() == 0
        assert "given up" not in pipeline.log


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"CAPTURE_SOURCE": "0"}, "names and addresses stand in the list"),
        ({"CAPTURE_CAMERA": "door"}, "names and addresses stand in the list"),
        ({"CAPTURE_MODE": "lossless"}, "a list is of live cameras"),
        ({"CAPTURE_CELLS": "none"}, "expected a whole number from 1 to 10000, or a file"),
    ],
)
def test_what_does_not_go_with_a_list_is_refused(
    settings: dict[str, str], said: str, tmp_path: Path
) -> None:
    listed = tmp_path / "cameras"
    listed.write_text("hall demo\n")
    with Pipeline(CAPTURE_CAMERAS=listed, **settings) as pipeline:
        assert pipeline.wait() == 2
        assert said in pipeline.log
