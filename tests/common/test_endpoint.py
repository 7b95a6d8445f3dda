from __future__ import annotations

import os
from pathlib import Path

import pytest

from common.endpoint import (
    DEFAULT_ENDPOINT,
    MAX_IPC_PATH_BYTES,
    parse_endpoint,
    private_directory,
    resolve_endpoint,
)
from common.errors import ConfigError


@pytest.fixture
def runtime_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / f"ferstream-{os.getuid()}"


@pytest.mark.parametrize(
    "endpoint",
    [
        DEFAULT_ENDPOINT,
        "tcp://127.0.0.1:5555",
        "tcp://*:1",
        "tcp://gpu-box.local:65535",
        "tcp://[::1]:5555",
        "ipc:///run/ferstream/b.ipc",
        "ipc:///" + "x" * (MAX_IPC_PATH_BYTES - 1),
    ],
)
def test_good_addresses_are_taken_as_they_are(endpoint: str) -> None:
    assert parse_endpoint(endpoint) == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "tcp://host",
        "tcp://host:0",
        "tcp://host:65536",
        "tcp://host:5 ",
        "tcp://:5000",
        "tcp://a b:5000",
        "tcp://::1:5000",
        "udp://host:5000",
        "ipc://relative",
        "ipc://@abstract",
        "ipc:///",
        "ipc:///a/directory/",
        "/run/b.ipc",
        "ipc:///" + "x" * MAX_IPC_PATH_BYTES,
        "ipc:///" + "\N{LATIN SMALL LETTER U WITH DIAERESIS}" * (MAX_IPC_PATH_BYTES // 2 + 1),
    ],
)
def test_wrong_addresses_are_refused_with_what_is_allowed(endpoint: str) -> None:
    with pytest.raises(ValueError, match="tcp://host:port or ipc:///path of at most 103 bytes"):
        parse_endpoint(endpoint)


def test_default_is_a_socket_in_a_directory_only_the_user_can_enter(
    runtime_directory: Path,
) -> None:
    assert resolve_endpoint(DEFAULT_ENDPOINT) == f"ipc://{runtime_directory}/broker.ipc"
    assert runtime_directory.stat().st_mode & 0o777 == 0o700
    assert private_directory() == runtime_directory


def test_any_other_address_stays_what_it_is(runtime_directory: Path) -> None:
    assert resolve_endpoint("tcp://host:1") == "tcp://host:1"
    assert not runtime_directory.exists()


def test_temporary_directory_is_used_where_there_is_no_runtime_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert private_directory().parent == tmp_path


def test_directory_open_to_others_is_refused(runtime_directory: Path) -> None:
    runtime_directory.mkdir()
    runtime_directory.chmod(0o755)
    with pytest.raises(ConfigError, match="is not a directory private to you"):
        private_directory()


def test_link_to_a_directory_is_refused(runtime_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    runtime_directory.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="is not a directory private to you"):
        private_directory()


def test_file_in_the_place_of_the_directory_is_refused(runtime_directory: Path) -> None:
    runtime_directory.touch()
    with pytest.raises(ConfigError, match=f"cannot make {runtime_directory}"):
        private_directory()


def test_runtime_directory_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    with pytest.raises(ConfigError, match="set BROKER_ENDPOINT to an ipc:// path of your own"):
        resolve_endpoint(DEFAULT_ENDPOINT)
