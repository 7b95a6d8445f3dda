"""Tests of capture.listed_cameras: which captures run, with processes that only look like some."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import psutil
import pytest

from capture import listed_cameras
from capture.config import LISTED, CaptureConfig
from capture.listed_cameras import listed_cameras as captures_of
from common.child import Child
from common.config import load_config
from common.errors import ConfigError
from common.ring_files import new_ring_path, ring_directory
from tests.support.pipeline import ROOT, pipeline_environ
from tests.support.waiting import DEADLINE_S, eventually


class Pretended:
    """A process of a capture that does what the test says."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.name = environ["CAPTURE_CAMERA"]
        self.source = environ["CAPTURE_SOURCE"]
        self.environ = environ
        self.exit_code: int | None = None
        self.asked_to_stop = self.has_stopped = self.was_waited_for = False

    def poll(self) -> None:
        """Nothing has to be looked after."""

    def stop(self) -> None:
        self.asked_to_stop = True

    def wait(self, _deadline: float) -> None:
        self.was_waited_for = True


class Rig:
    """The captures of a list in a folder, and all processes that were started."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.list = folder / "cameras"
        self.list.write_text("hall demo\ndoor demo\n")
        self.started: list[Pretended] = []
        given = {"CAPTURE_CAMERAS": str(self.list), **settings}
        self.config = load_config(CaptureConfig, "capture", (), given)
        self.cameras = captures_of(self.config, self.list, self._start)

    def _start(self, environ: Mapping[str, str], _whose: str = "") -> Child:
        self.started.append(Pretended(environ))
        return cast(Child, self.started[-1])

    def poll(self, times: int = 5) -> None:
        for _ in range(times):
            self.cameras.poll()

    def names(self) -> list[str]:
        return [each.name for each in self.started]

    def held(self) -> list[object]:
        """Return the processes that would be ended with all."""
        return list(self.cameras.children)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr(listed_cameras, "LOOK_S", 0.0)
    return Rig(tmp_path)


def test_captures_are_started_one_after_another(rig: Rig) -> None:
    rig.poll(1)
    assert rig.names() == ["hall"]
    rig.poll()
    assert rig.names() == ["hall", "door"]
    assert all(LISTED in each.environ for each in rig.started)


def test_a_list_that_cannot_be_read_leaves_all_as_it_was(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.poll()
    rig.list.unlink()
    rig.poll()
    assert rig.names() == ["hall", "door"]
    assert not any(each.asked_to_stop for each in rig.started)
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1, "once"
    assert "cannot read" in told[0].message
    rig.list.write_text("gate demo\n")
    rig.poll()
    assert rig.names() == ["hall", "door", "gate"]


def test_a_line_that_becomes_wrong_leaves_its_camera_as_it_was(rig: Rig) -> None:
    rig.poll()
    rig.list.write_text("hall demo LOOP=1\ndoor\ngate\n")
    rig.poll()
    assert rig.names() == ["hall", "door"]
    assert not any(each.asked_to_stop for each in rig.started)


def test_a_capture_can_be_started_again_while_the_list_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path)
    monkeypatch.setenv("CAPTURE_CAMERAS", str(rig.list))
    rig.poll(1)
    rig.list.unlink()
    config = load_config(CaptureConfig, "capture", (), rig.started[0].environ)
    assert config.camera == "hall"


def test_who_is_taken_away_is_ended_and_waited_for(rig: Rig) -> None:
    rig.poll()
    hall, door = rig.started
    rig.list.write_text("door demo\n")
    rig.poll()
    assert hall.asked_to_stop
    assert not hall.was_waited_for
    assert not door.asked_to_stop
    assert rig.held() == [door, hall]
    ring = new_ring_path(ring_directory())
    ring.touch()  # nobody holds it, as where its capture had to be killed
    hall.has_stopped = True
    rig.poll()
    assert not ring.exists()
    assert hall.was_waited_for
    assert rig.held() == [door]


def test_who_has_changed_is_started_again_once_the_old_one_is_gone(rig: Rig) -> None:
    rig.poll()
    rig.list.write_text("hall http://10.0.0.1/\ndoor demo\n")
    rig.poll()
    assert rig.names() == ["hall", "door"], "its name is still taken"
    rig.started[0].has_stopped = True
    rig.poll()
    assert rig.names() == ["hall", "door", "hall"]
    assert rig.started[2].source == "http://10.0.0.1/"


def test_a_capture_that_has_given_up_is_tried_again_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rig.poll()
    rig.started[0].exit_code = 2
    rig.poll()
    assert rig.names() == ["hall", "door"]
    assert "camera hall has given up; trying it again in" in caplog.text
    monkeypatch.setattr(listed_cameras, "AGAIN_S", (0.0, 0.0))
    rig.started[1].exit_code = 1
    rig.poll()
    assert rig.names() == ["hall", "door", "door"]
    assert rig.cameras.exit_code is None


def test_a_recording_that_has_ended_is_not_begun_again(rig: Rig) -> None:
    rig.poll()
    rig.started[0].exit_code = 0
    rig.poll()
    assert rig.names() == ["hall", "door"]


def test_a_password_that_is_changed_starts_its_camera_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed_cameras, "LOOK_S", 0.0)
    password = tmp_path / "lobby"
    password.write_text("old")
    password.chmod(0o600)
    rig = Rig(tmp_path, CAPTURE_PASSWORDS=str(tmp_path))
    rig.list.write_text("hall rtsp://viewer:{lobby}@10.0.0.1/\ndoor demo\n")
    rig.poll()
    password.write_text("new")
    rig.poll()
    assert [each.asked_to_stop for each in rig.started] == [True, False]
    rig.started[0].has_stopped = True
    rig.poll()
    assert rig.started[2].source == "rtsp://viewer:new@10.0.0.1/"
    password.unlink()
    rig.poll()
    assert not rig.started[2].asked_to_stop, "it goes on with what it had"


@contextmanager
def supervised(folder: Path, cameras: str) -> Iterator[tuple[psutil.Process, IO[str]]]:
    """Run the supervisor of a list; yield it and what it says."""
    (folder / "cameras").write_text(cameras)
    process = psutil.Popen(
        [sys.executable, "-m", "capture"],
        cwd=ROOT,
        env=pipeline_environ(folder, 0, CAPTURE_CAMERAS=folder / "cameras"),
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process, process.stderr
        finally:
            process.terminate()
            process.stderr.read()
        assert process.wait(DEADLINE_S) == 0


def test_a_camera_that_has_given_up_is_no_fault_of_the_end(tmp_path: Path) -> None:
    with supervised(tmp_path, f"hall {tmp_path}/none.mp4\n") as (_, errors):
        assert any("camera hall has given up" in line for line in errors)


def test_it_is_said_which_of_many_captures_has_crashed(tmp_path: Path) -> None:
    with supervised(tmp_path, "hall demo\ndoor demo\n") as (process, errors):
        (door,) = eventually(
            lambda: [
                each
                for each in process.children()
                if each.environ().get("CAPTURE_CAMERA") == "door"
            ]
        )
        door.kill()
        told = next(line for line in errors if "was killed by SIGKILL" in line)
        assert "capture.stage of camera door was killed" in told


def test_a_list_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"CAPTURE_CAMERAS=.*expected a file that exists"):
        load_config(CaptureConfig, "capture", (), {"CAPTURE_CAMERAS": str(tmp_path / "none")})


@pytest.mark.parametrize("text", ["", "0", "many"])
def test_a_number_of_cells_that_is_none_is_a_wrong_setting(text: str, tmp_path: Path) -> None:
    (tmp_path / "cells").write_text(text)
    with pytest.raises(ConfigError, match=r"CAPTURE_CELLS=.*expected in it a whole number"):
        Rig(tmp_path, CAPTURE_CELLS=str(tmp_path / "cells"))
