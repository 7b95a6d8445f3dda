"""``python -m common.keys`` as people start it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from common.contract import Role
from common.keys.allowed import read_allowed
from common.keys.files import read_broker_key, read_peer_key

Keys = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Run the command in a folder of its own, with a umask that hides nothing."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "common.keys", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            umask=0,
            check=False,
        )

    return run


def roles(folder: Path) -> dict[str, set[str]]:
    return {item.name: set(map(str, item.roles)) for item in read_allowed(folder).values()}


def test_folder_and_all_files_in_it_are_private(keys: Keys, tmp_path: Path) -> None:
    assert keys("new", "keys").returncode == 0
    assert keys("add", "keys", "gpu-box", "classifier").returncode == 0
    folder = tmp_path / "keys"
    assert folder.stat().st_mode & 0o7777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o7777 for path in folder.iterdir()}
    names = ("broker.key", "this-host.key", "gpu-box.key", "allowed")
    assert modes == dict.fromkeys(names, 0o600)


def test_keys_that_were_made_are_listed_and_know_the_broker(keys: Keys, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    keys("new", "keys")
    cameras = ("--camera", "a\nsecret = b", "--camera", "c")
    done = keys("add", "keys", "door-pi", "capture", "detector", *cameras)
    assert "copy it to the machine it is for" in done.stdout
    key = read_peer_key(folder / "door-pi.key")
    assert len((folder / "door-pi.key").read_text().splitlines()) == 5
    assert key.broker == read_broker_key(folder).public
    entry = read_allowed(folder)[key.pair.public]
    assert entry.name == "door-pi"
    assert entry.roles == {Role.CAPTURE, Role.DETECTOR}
    assert entry.cameras == {"a\nsecret = b", "c"}
    assert read_allowed(folder)[read_peer_key(folder).pair.public].roles == set(Role)


def test_revoked_key_stays_listed_as_such_and_its_name_can_be_given_anew(
    keys: Keys, tmp_path: Path
) -> None:
    folder = tmp_path / "keys"
    keys("new", "keys")
    keys("add", "keys", "gpu-box", "classifier")
    first = read_peer_key(folder / "gpu-box.key").pair.public
    assert keys("revoke", "keys", "gpu-box").returncode == 0
    assert not (folder / "gpu-box.key").exists()
    assert roles(folder)["gpu-box"] == set()
    assert keys("add", "keys", "gpu-box", "detector").returncode == 0
    listed = read_allowed(folder)
    assert not listed[first].roles
    assert listed[read_peer_key(folder / "gpu-box.key").pair.public].roles == {Role.DETECTOR}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("new", "keys"), "keys exists; name a folder that does not"),
        (("add", "keys", "this-host", "classifier"), "this-host has a key already; revoke it"),
        (("add", "keys", "broker", "classifier"), "broker.key exists already; choose another"),
        (("add", "keys", "../x", "classifier"), "../x: expected up to 64 letters"),
        (("add", "keys", "pi", "capture"), "say which it may capture"),
        (("add", "keys", "pi", "capture", "--camera", ""), "say which it may capture"),
        (("add", "keys", "pi", "classifier", "--camera", "door"), "--camera belongs to capture"),
        (("add", "keys", "pi", "boss"), "invalid Role value: 'boss'"),
        (("add", "nowhere", "pi", "classifier"), "nowhere: No such file"),
        (("revoke", "keys", "pi"), "no key that is called pi is good for anything in keys"),
        (("revoke", "keys", "broker"), "no key that is called broker"),
    ],
)
def test_what_makes_no_sense_is_told_and_changes_nothing(
    keys: Keys, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    keys("new", "keys")
    before = {path: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    done = keys(*arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "keys").iterdir()} == before


def test_of_many_changes_at_once_none_is_lost(keys: Keys, tmp_path: Path) -> None:
    keys("new", "keys")
    keys("add", "keys", "old", "classifier")
    commands = [["add", "keys", f"new{number}", "classifier"] for number in range(5)]
    commands.insert(2, ["revoke", "keys", "old"])
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "common.keys", *command],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.DEVNULL,
        )
        for command in commands
    ]
    assert [process.wait(60) for process in running] == [0] * len(commands)
    found = roles(tmp_path / "keys")
    assert found.pop("old") == set()
    assert sorted(found) == [*(f"new{number}" for number in range(5)), "this-host"]
