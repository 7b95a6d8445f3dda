from __future__ import annotations

import logging
from pathlib import Path

import pytest

from common.contract import Role
from common.errors import ConfigError
from common.keys.files import read_peer_key
from common.keys.folder import add_key, make_folder, revoke_key
from common.keys.watched import WatchedList
from tests.support.no_files import no_file_free


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_folder(tmp_path / "keys")
    return tmp_path / "keys"


def add(folder: Path) -> str:
    file = add_key(folder, "gpu-box", frozenset({Role.CLASSIFIER}), frozenset())
    return read_peer_key(file).pair.public


def test_list_follows_the_file(folder: Path) -> None:
    allowed = WatchedList(folder)
    assert not allowed.refresh()
    public = add(folder)
    assert allowed.refusal(public) == f"key {public} is not listed"
    assert allowed.refresh()
    assert allowed.refusal(public) is None
    assert allowed.refusal_as(public, Role.CLASSIFIER, "") is None
    assert allowed.refusal_as(public, Role.DETECTOR, "") is not None
    revoke_key(folder, "gpu-box")
    assert allowed.refresh()
    assert not allowed.is_good(public)
    assert allowed.refusal_as(public, Role.CLASSIFIER, "") == "key gpu-box was revoked"
    assert not allowed.refresh()


def test_list_that_cannot_be_used_is_told_once_and_that_of_before_holds(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    public = add(folder)
    allowed = WatchedList(folder)
    whole = (folder / "allowed").read_text()
    with caplog.at_level(logging.ERROR):
        (folder / "allowed").write_text(whole[:-10])
        assert not allowed.refresh()
        assert not allowed.refresh()
        (folder / "allowed").unlink()
        assert not allowed.refresh()
    assert [record.message.partition(" (")[0] for record in caplog.records] == [
        f"BROKER_KEYS: {folder}/allowed, line 5: expected a public key of 40 characters at its "
        "end; until then the list of before holds",
        f"BROKER_KEYS: cannot read {folder}/allowed",
    ]
    assert allowed.is_good(public)


def test_key_that_was_revoked_while_the_list_could_not_be_read_is_refused_afterwards(
    folder: Path,
) -> None:
    public = add(folder)
    allowed = WatchedList(folder)
    revoke_key(folder, "gpu-box")
    with no_file_free():
        assert not allowed.refresh()
    assert allowed.refresh()
    assert not allowed.is_good(public)


def test_broker_does_not_start_with_a_list_that_cannot_be_used(folder: Path) -> None:
    (folder / "allowed").write_text("nonsense\n")
    with pytest.raises(ConfigError, match="line 1: expected name, what it may be"):
        WatchedList(folder)
