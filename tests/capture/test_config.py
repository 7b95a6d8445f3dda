"""Tests of capture.config and capture.source_kind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from capture.config import CaptureConfig
from capture.source_kind import (
    SourceKind,
    default_camera_name,
    kind_of,
    parse_source,
)
from common.config import load_config
from common.contract import CAMERA_MODES
from common.errors import ConfigError
from common.passwords import without_password


def load(**variables: str) -> CaptureConfig:
    return load_config(CaptureConfig, "capture", [], variables)


def test_without_settings_the_demo_plays_for_ever() -> None:
    config = load()
    assert (config.source, config.mode, config.camera_name) == ("demo", "live", "demo")
    assert config.plays_again
    assert config.transport == "ring"


def test_the_modes_are_those_of_the_contract() -> None:
    assert {load(CAPTURE_MODE=mode, CAPTURE_SOURCE="x.mp4").mode for mode in CAMERA_MODES} == {
        "live",
        "lossless",
    }


def test_only_a_recording_that_is_to_be_analysed_is_given_up_in_the_middle() -> None:
    assert load(CAPTURE_MODE="lossless").is_given_up
    assert not load().is_given_up


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        ("0", SourceKind.CAMERA, "camera0"),
        ("/dev/video2", SourceKind.CAMERA, "camera2"),
        ("rtsp://user:secret@cam.local:554/live", SourceKind.STREAM, "cam.local"),
        ("http://10.0.0.7:8080/stream.mjpg", SourceKind.STREAM, "10.0.0.7"),
        ("videos/class room.v2.mp4", SourceKind.PATH, "class_room.v2"),
        ("demo", SourceKind.DEMO, "demo"),
        ("./demo", SourceKind.PATH, "demo"),
    ],
)
def test_kind_and_camera_name_come_from_the_source(
    source: str, kind: SourceKind, name: str
) -> None:
    assert kind_of(source) is kind
    assert default_camera_name(source) == name


def test_a_folder_gives_the_camera_its_whole_name(tmp_path: Path) -> None:
    folder = tmp_path / "shots.2024"
    folder.mkdir()
    assert default_camera_name(str(folder)) == "shots.2024"


def test_a_given_camera_name_wins() -> None:
    assert load(CAPTURE_SOURCE="0", CAPTURE_CAMERA="front door").camera_name == "front door"


@pytest.mark.parametrize("name", ["a/b", "../up", " x", "x" * 65])
def test_camera_names_that_break_a_url_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="CAPTURE_CAMERA="):
        load(CAPTURE_CAMERA=name)


def test_an_unknown_scheme_is_refused_naming_the_known() -> None:
    with pytest.raises(ConfigError, match=r"CAPTURE_SOURCE=ftp://x.*rtsp://"):
        load(CAPTURE_SOURCE="ftp://x")


@pytest.mark.parametrize("number", ["2147483648", "99999999999", "9" * 5000])
def test_a_camera_number_that_no_driver_takes_is_refused(number: str) -> None:
    assert load(CAPTURE_SOURCE="2147483647").kind is SourceKind.CAMERA
    with pytest.raises(ConfigError, match="expected a whole number from 0 to 2147483647"):
        load(CAPTURE_SOURCE=number)


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://user:se[cret@host/stream",
        "rtsp://user:se]cret@host/stream",
        "rtsp://user:se[/cret@host/stream",
        "rtsp://user:se/cret@host/stream",
        "rtsp://user:se#c@ret@host/stream",
        "rtsp://user:se\u2100cret@host/stream",
        "rtsp://user:secret@[::1/stream",
        "rtsp://user:secret@host:port/stream",
        "rstp://user:secret@host/stream",
    ],
)
def test_a_wrong_address_is_refused_without_its_password(source: str) -> None:
    with pytest.raises(ConfigError, match=r"^CAPTURE_SOURCE=r...://\*\*\*@.*: expected ") as caught:
        load(CAPTURE_SOURCE=source)
    shown = str(caught.value).partition(": expected")[0]
    assert not any(part in shown for part in ("user", "se", "ret"))


@pytest.mark.parametrize("source", ["0", "rtsp://cam/live", "http://cam/x.mjpg"])
def test_lossless_needs_a_recording(source: str) -> None:
    with pytest.raises(ConfigError, match=r"CAPTURE_MODE=lossless.*CAPTURE_SOURCE="):
        load(CAPTURE_MODE="lossless", CAPTURE_SOURCE=source)


def test_lossless_cannot_loop() -> None:
    with pytest.raises(ConfigError, match="CAPTURE_LOOP=1"):
        load(CAPTURE_MODE="lossless", CAPTURE_SOURCE="x.mp4", CAPTURE_LOOP="1")
    assert not load(CAPTURE_MODE="lossless").plays_again


def test_a_cell_is_one_of_those_there_are(tmp_path: Path) -> None:
    assert load(CAPTURE_CELL="3", CAPTURE_CELLS="4").cell == 3
    for cells in ({"CAPTURE_CELLS": "4"}, {}):
        with pytest.raises(ConfigError, match=r"CAPTURE_CELL=4: expected a number from 0 to [03]"):
            load(CAPTURE_CELL="4", **cells)
    (tmp_path / "cells").write_text("4")
    assert load(CAPTURE_CELL="4", CAPTURE_CELLS=str(tmp_path / "cells")).cell == 4, "soon there are"


def test_a_file_loops_only_when_asked() -> None:
    assert not load(CAPTURE_SOURCE="x.mp4").plays_again
    assert load(CAPTURE_SOURCE="x.mp4", CAPTURE_LOOP="1").plays_again
    assert not load(CAPTURE_LOOP="0").plays_again


def test_passwords_are_not_shown() -> None:
    assert without_password("rtsp://user:secret@cam:554/x") == "rtsp://***@cam:554/x"
    assert without_password("rtsp://user:12/se@cret@cam/x") == "rtsp://***@cam/x"
    assert without_password("http://cam/x?y#z") == "http://cam/x?y#z"
    with pytest.raises(ConfigError) as caught:
        load(CAPTURE_MODE="lossless", CAPTURE_SOURCE="rtsp://user:secret@cam/x")
    assert "secret" not in str(caught.value)


def test_the_supervisor_imports_nothing_heavy() -> None:
    code = (
        "import sys, capture.__main__;"
        "print([name for name in ('cv2', 'numpy', 'zmq') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_source_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        parse_source("talk\udcff.mp4")
