from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import ConfigError
from common.keys.files import (
    KeyPair,
    broker_key_text,
    is_key,
    new_pair,
    peer_key_text,
    read_broker_key,
    read_peer_key,
)
from common.private_file import write_private


@pytest.fixture
def pair() -> KeyPair:
    return new_pair()


def test_key_that_was_written_is_read(tmp_path: Path, pair: KeyPair) -> None:
    broker = new_pair()
    write_private(tmp_path / "broker.key", broker_key_text(broker))
    write_private(tmp_path / "this-host.key", peer_key_text(pair, broker.public, "Key this-host"))
    assert read_broker_key(tmp_path) == broker
    assert read_peer_key(tmp_path) == read_peer_key(tmp_path / "this-host.key")
    assert (read_peer_key(tmp_path).pair, read_peer_key(tmp_path).broker) == (pair, broker.public)


def test_key_that_others_can_read_is_refused(tmp_path: Path, pair: KeyPair) -> None:
    file = tmp_path / "broker.key"
    write_private(file, broker_key_text(pair))
    file.chmod(0o640)
    with pytest.raises(ConfigError, match=f"BROKER_KEYS: others can read or write {file}"):
        read_broker_key(tmp_path)


def test_damaged_file_is_refused_and_the_secret_is_in_no_error(
    tmp_path: Path, pair: KeyPair
) -> None:
    file = tmp_path / "gpu-box.key"
    text = peer_key_text(pair, new_pair().public, "Key gpu-box")
    for number, damaged in enumerate(
        [
            "",
            text.replace("broker =", "brokr ="),
            text.replace(f"secret = {pair.secret}", f"secret = {pair.secret[:-1]}"),
            text.replace(f"public = {pair.public}", f"public = {'#' * 40}"),  # 2**32 and more
            text.replace(f"public = {pair.public}", f"public = {'ö' * 40}"),
        ]
    ):
        write_private(tmp_path / f"{number}.key", damaged)
        with pytest.raises(ConfigError, match="is no key file of this kind") as caught:
            read_peer_key(tmp_path / f"{number}.key")
        assert pair.secret[:-1] not in str(caught.value)
    with pytest.raises(ConfigError, match=rf"cannot read {file} \(No such file"):
        read_peer_key(file)
    (tmp_path / "picture.key").write_bytes(b"\xff\xd8")
    with pytest.raises(ConfigError, match=r"picture.key \(it is no text\)"):
        read_peer_key(tmp_path / "picture.key")


def test_secret_key_is_in_no_representation(tmp_path: Path, pair: KeyPair) -> None:
    write_private(tmp_path / "a.key", peer_key_text(pair, new_pair().public, "Key a"))
    assert pair.secret not in repr(read_peer_key(tmp_path / "a.key"))
    assert pair.public in repr(pair)


def test_new_keys_are_keys_and_no_two_alike() -> None:
    pairs = [new_pair() for _ in range(20)]
    keys = [key for pair in pairs for key in (pair.public, pair.secret)]
    assert all(map(is_key, keys))
    assert len(set(keys)) == len(keys)
