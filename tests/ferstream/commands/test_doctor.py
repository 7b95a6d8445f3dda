"""Tests of ``ferstream doctor``."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from ferstream.__main__ import main


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a broker's address and a port of its own, set as users set them."""
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("PUBLISHER_PORT", str(port))
    (tmp_path / ".env").write_text(f"BROKER_ENDPOINT=ipc://{tmp_path}/broker.ipc\n")
    monkeypatch.setenv("BROKER_ENDPOINT", "ipc:///nowhere")  # .env wins


def doctor(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    try:
        code = main(["doctor"])
    except SystemExit as end:
        code = int(end.code or 0)
    return code, capsys.readouterr().out


def test_all_is_well_where_a_pipeline_would_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, told = doctor(capsys)
    assert code == 0, told
    found = re.findall(r"^(ok|--)  (.{14})", told, re.MULTILINE)
    assert len(found) == len(told.splitlines())
    assert re.search(r"ok  classifier .* ms a face", told)
    assert f"{tmp_path}/broker.ipc" in told


def test_a_port_that_is_taken_is_told_with_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("PUBLISHER_PORT", port)
        code, told = doctor(capsys)
    assert code == 1
    assert re.search(rf"!!  page .*{port}.*in use.*set PUBLISHER_PORT to another", told)


def test_a_misspelt_setting_is_told_and_the_machine_all_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECTOR_MIN_FASE", "1")
    code, told = doctor(capsys)
    assert code == 1
    assert re.search(r"!!  settings .*did you mean DETECTOR_MIN_FACE", told)
    assert "cores to use" in told
