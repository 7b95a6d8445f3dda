"""Tests of capture.camera_list: lines, and the settings that they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.camera_list import ListedCamera, parse_camera_list, read_text
from common.errors import ConfigError


def camera(line: str) -> ListedCamera:
    cameras, wrong = parse_camera_list(line)
    assert wrong == []
    (found,) = cameras.values()
    assert found is not None
    return found


def test_a_line_is_a_name_an_address_and_settings() -> None:
    found = camera("door  rtsp://10.0.0.1/live  FRAME_TRANSPORT=inline CAPTURE_LOOP=1")
    assert found.environ(None) == {
        "CAPTURE_CAMERA": "door",
        "CAPTURE_SOURCE": "rtsp://10.0.0.1/live",
        "CAPTURE_LOOP": "1",
        "FRAME_TRANSPORT": "inline",
    }


def test_empty_lines_and_comments_are_none() -> None:
    cameras, wrong = parse_camera_list("\n# name address\n  # more\n\ndoor demo\ngate demo\n")
    assert list(cameras) == ["door", "gate"]
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("door", "line 1: expected the address of camera door"),
        ("my/door demo", "line 1: expected a name of up to 64 letters"),
        ("ä demo", "line 1: expected a name"),
        ("door demo loop", "line 1: door: expected settings such as CAPTURE_LOOP=1"),
        ("door demo CAPTURE_MODE=lossless", "line 1: door: a line may set CAPTURE_LOOP and"),
        ("door demo LD_PRELOAD=/x.so", "line 1: door: a line may set"),
        ("door demo FRAME_TRANSPORT=quick", "line 1: door: FRAME_TRANSPORT=quick: expected ring"),
        ("door ftp://10.0.0.1/live", "line 1: door: CAPTURE_SOURCE=ftp://10.0.0.1/live: expected"),
        ("door demo\ndoor demo", "line 2: door: there is a camera door above"),
        ("door demo\nDoor demo", "line 2: Door: there is a camera door above"),
    ],
)
def test_a_wrong_line_says_what_is_expected(line: str, said: str) -> None:
    _, (wrong,) = parse_camera_list(line)
    assert wrong.startswith(said)


def test_a_wrong_line_keeps_no_other_from_being_used() -> None:
    cameras, wrong = parse_camera_list("door demo\n???\ngate demo\n")
    assert list(cameras) == ["door", "gate"]
    assert len(wrong) == 1


def test_of_a_line_that_is_wrong_the_name_is_known() -> None:
    cameras, wrong = parse_camera_list("door demo LOOP=1\ngate demo\n")
    assert list(cameras) == ["door", "gate"]
    assert cameras["door"] is None
    assert len(wrong) == 1


def test_a_list_may_come_from_windows(tmp_path: Path) -> None:
    (tmp_path / "cameras").write_bytes(b"\xef\xbb\xbfdoor demo\r\n# more\r\n\r\ngate demo\r\n")
    cameras, wrong = parse_camera_list(read_text(tmp_path / "cameras", "CAPTURE_CAMERAS"))
    assert list(cameras) == ["door", "gate"]
    assert not wrong


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://viewer:hunter2@10.0.0.1/live",
        "http://10.0.0.1/mjpeg?user=viewer&pwd=hunter2",
        "rtsp://viewer:hunter2{lobby}@10.0.0.1/live",
    ],
)
def test_a_password_in_the_list_is_refused_and_not_told(address: str) -> None:
    cameras, (wrong,) = parse_camera_list(f"door {address}")
    assert cameras == {"door": None}
    assert "no place for a password" in wrong
    assert "hunter2" not in wrong


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("rtsp://viewer:{lobby}@10.0.0.1/live", "rtsp://viewer:p%2Fw%40%23@10.0.0.1/live"),
        ("http://10.0.0.1/?u=a&pwd={lobby}", "http://10.0.0.1/?u=a&pwd=p%2Fw%40%23"),
    ],
)
def test_a_password_comes_from_a_file(address: str, source: str, tmp_path: Path) -> None:
    (tmp_path / "lobby").write_text("p/w@#\n")
    (tmp_path / "lobby").chmod(0o600)
    assert camera(f"door {address}").environ(tmp_path)["CAPTURE_SOURCE"] == source


def test_a_password_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lobby").write_text("secret")
    (tmp_path / "lobby").chmod(0o644)
    with pytest.raises(ConfigError, match="others can read or write") as caught:
        camera("door rtsp://viewer:{lobby}@10.0.0.1/live").environ(tmp_path)
    assert "secret" not in str(caught.value)


def test_a_password_that_is_not_there_says_who_asks_for_it(tmp_path: Path) -> None:
    listed = camera("door rtsp://viewer:{lobby}@10.0.0.1/live")
    with pytest.raises(ConfigError, match=r"asks for it by \{lobby\}"):
        listed.environ(tmp_path)
    with pytest.raises(ConfigError, match="CAPTURE_PASSWORDS does not say"):
        listed.environ(None)


def test_a_password_is_never_outside_its_folder(tmp_path: Path) -> None:
    _, (wrong,) = parse_camera_list("door rtsp://viewer:{../lobby}@10.0.0.1/live")
    assert "no place for a password" in wrong


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    cameras, wrong = parse_camera_list(text)
    assert list(cameras.values()).count(None) <= len(wrong) <= len(text.splitlines())
