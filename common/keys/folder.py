"""What is done with a folder of keys: made, added to, and keys in it revoked."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from common.contract import Role
from common.errors import ConfigError
from common.files import replacing
from common.keys.allowed import ANY_CAMERA, NAME, Entry, list_text, read_allowed
from common.keys.files import (
    ALLOWED_FILE,
    BROKER_FILE,
    THIS_HOST,
    KeyPair,
    broker_key_text,
    key_file,
    new_pair,
    peer_key_text,
    read_broker_key,
)
from common.private_file import write_private


def make_folder(directory: Path) -> None:
    """Make a folder with the broker's key, and one for the broker's own machine.

    Raises:
        ConfigError: There is something of that name.
    """
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError as error:
        raise ConfigError(
            f"{directory} exists; name a folder that does not, or add keys to it with `add`"
        ) from error
    broker = new_pair()
    write_private(directory / BROKER_FILE, broker_key_text(broker))
    _add(directory, {}, broker, THIS_HOST, frozenset(Role), frozenset({ANY_CAMERA}))


def add_key(directory: Path, name: str, roles: frozenset[Role], cameras: frozenset[str]) -> Path:
    """Make a key, list it, and return its file.

    Raises:
        ConfigError: The name is taken, or what is asked for makes no sense.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(f"{name}: expected up to 64 letters, digits, dots, dashes, underscores")
    if (Role.CAPTURE in roles) != bool(cameras) or "" in cameras:
        raise ConfigError("--camera belongs to capture: say which it may capture, or --camera '*'")
    with _list_held(directory):
        listed = read_allowed(directory)
        if any(entry.name == name and entry.roles for entry in listed.values()):
            raise ConfigError(f"{name} has a key already; revoke it first, or choose another name")
        file = key_file(directory, name)
        if file.exists():
            raise ConfigError(f"{file} exists already; choose another name")
        return _add(directory, listed, read_broker_key(directory), name, roles, cameras)


def revoke_key(directory: Path, name: str) -> None:
    """Have the broker refuse a key from now on, and remove its file.

    Raises:
        ConfigError: There is no such key.
    """
    with _list_held(directory):
        listed = read_allowed(directory)
        keys = [public for public, entry in listed.items() if entry.name == name and entry.roles]
        if not keys:
            raise ConfigError(f"no key that is called {name} is good for anything in {directory}")
        revoked = {key: Entry(name, frozenset(), frozenset(), key) for key in keys}
        _write_list(directory, (listed | revoked).values())
        key_file(directory, name).unlink(missing_ok=True)


def _add(
    directory: Path,
    listed: dict[str, Entry],
    broker: KeyPair,
    name: str,
    roles: frozenset[Role],
    cameras: frozenset[str],
) -> Path:
    pair, file = new_pair(), key_file(directory, name)
    entry = Entry(name, roles, cameras, pair.public)
    write_private(file, peer_key_text(pair, broker.public, entry.what()))
    _write_list(directory, [*listed.values(), entry])
    return file


def _write_list(directory: Path, entries: Iterable[Entry]) -> None:
    """Put this list in the place of the one before, in one step."""
    with replacing(directory / ALLOWED_FILE) as new:
        new.unlink(missing_ok=True)  # of a command that was killed
        write_private(new, list_text(entries))


@contextmanager
def _list_held(directory: Path) -> Iterator[None]:
    """Hold the list, so that of two who change it at once neither undoes what the other did."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
