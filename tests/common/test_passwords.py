"""No password is shown, wherever an address has it."""

from __future__ import annotations

import pytest

from common.passwords import has_password, without_password, without_passwords

SECRET = "hunter2"  # noqa: S105
WITH_PASSWORD = {
    f"rtsp://user:{SECRET}@cam:554/x": "rtsp://***@cam:554/x",
    f"rtsp://user:12/se@{SECRET}@cam/x": "rtsp://***@cam/x",
    f"rtsp://user:a\n{SECRET}@cam/x": "rtsp://***@cam/x",
    f"http://cam/x.mjpg?user=me&pwd={SECRET}": "http://cam/x.mjpg?user=***",
    f"rtsp://cam/user=me_password={SECRET}_channel=1": "rtsp://cam/user=***",
    f"unrecognized arguments: --sorce rtsp://me:{SECRET}@cam": (
        "unrecognized arguments: --sorce rtsp://***@cam"
    ),
}
WITHOUT = {
    "http://cam/x?y#z": "http://cam/x?y#z",
    "http://cam/x?fps=5": "http://cam/x?fps=***",
    "rtsp://viewer@cam/x": "rtsp://***@cam/x",
    "talk=1@2.mp4": "talk=1@2.mp4",
    "0": "0",
    "": "",
}


@pytest.mark.parametrize(("text", "shown"), (WITH_PASSWORD | WITHOUT).items())
def test_address_is_shown_without_what_is_secret(text: str, shown: str) -> None:
    assert without_password(text) == shown


def test_password_is_told_from_what_is_none() -> None:
    assert all(map(has_password, WITH_PASSWORD))
    assert not any(map(has_password, WITHOUT))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"rtsp://me:{SECRET}@cam/x is gone; try again", "rtsp://***@cam/x is gone; try again"),
        (f"X=rtsp://me:a {SECRET}@cam: no such", "X=rtsp://***@cam: no such"),
        (f"http://cam/x?pwd={SECRET} is gone; set A=b", "http://cam/x?*** is gone; set A=b"),
        ("is it 1=1?", "is it 1=1?"),
    ],
)
def test_line_is_shown_without_what_is_secret_in_its_addresses(line: str, shown: str) -> None:
    assert without_passwords(line) == shown
