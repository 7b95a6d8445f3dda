from __future__ import annotations

import os
from pathlib import Path

import pytest

from common.errors import ConfigError
from common.private_file import read_private, write_private


def read(file: Path) -> str:
    return read_private(file, "SOME_FILE", "make one")


@pytest.mark.parametrize("umask", [0, 0o277])
def test_file_is_readable_by_its_owner_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_private(tmp_path / "secret", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "secret").stat().st_mode & 0o7777 == 0o600


def test_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "first")
    (tmp_path / "b.key").symlink_to(tmp_path / "elsewhere")
    for name in ("secret", "b.key"):
        with pytest.raises(FileExistsError):
            write_private(tmp_path / name, "second")
    assert (tmp_path / "secret").read_text() == "first"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_file_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    write_private(file, "text")
    assert read(file) == "text"
    file.chmod(mode)
    with pytest.raises(ConfigError, match=f"SOME_FILE: others can read or write {file}; chmod 600"):
        read(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_file_of_another_user_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "text")
    os.chown(tmp_path / "secret", 12345, -1)
    with pytest.raises(ConfigError, match="belongs to another user"):
        read(tmp_path / "secret")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of root's")
def test_file_that_root_gave_to_the_group_of_this_user_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As containers are given secrets."""
    file = tmp_path / "secret"
    write_private(file, "text")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    file.chmod(0o440)
    assert read(file) == "text"
    file.chmod(0o460)
    with pytest.raises(ConfigError, match="others can read or write"):
        read(file)


def test_file_that_cannot_be_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    with pytest.raises(ConfigError, match=rf"SOME_FILE: cannot read {file} \(No such .*; make one"):
        read(file)
    file.write_bytes(b"\xff\xd8")
    with pytest.raises(ConfigError, match=r"\(it is no text\); make one"):
        read(file)
