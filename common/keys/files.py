"""Files that hold a secret key: one for the broker, one for each key that may join.

A file is lines of ``name = value``; lines that begin with ``#`` are for people. Keys are written in
Z85, 40 characters. No message of an error and no ``repr`` holds a secret one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.utils import z85

from common.errors import ConfigError
from common.private_file import read_private

BROKER_FILE = "broker.key"
ALLOWED_FILE = "allowed"
THIS_HOST = "this-host"
"""The key of the broker's own machine, which may be everything."""

KEY_LENGTH = 40


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key: what others may know of it, and what only its owner may."""

    public: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PeerKey:
    """What a peer needs to join: its own key, and by which key it knows the broker."""

    file: Path
    pair: KeyPair
    broker: str


def new_pair() -> KeyPair:
    """Return a key that nobody else has."""
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode(), secret.decode())


def is_key(text: str) -> bool:
    """Return whether a text can be a key, public or secret."""
    try:
        return len(text) == KEY_LENGTH and bool(z85.decode(text))
    except (KeyError, ValueError, struct.error):
        return False


def key_file(directory: Path, name: str) -> Path:
    """Return where the key of that name is kept."""
    return directory / f"{name}.key"


def broker_key_text(pair: KeyPair) -> str:
    """Return what the broker's file holds."""
    return (
        "# The broker's key. Secret: whoever has this file can pass for the broker.\n"
        f"public = {pair.public}\nsecret = {pair.secret}\n"
    )


def peer_key_text(pair: KeyPair, broker: str, what: str) -> str:
    """Return what the file of a key holds that is to join the broker of that public key."""
    return (
        f"# {what}. Secret: whoever has this file can take part as it.\n"
        "# Copy it to the machine it is for, and set BROKER_KEYS to its path there.\n"
        f"public = {pair.public}\nsecret = {pair.secret}\nbroker = {broker}\n"
    )


def read_key_file(path: Path) -> str:
    """Return the text of a file with keys.

    Raises:
        ConfigError: It cannot be read, or others can.
    """
    return read_private(
        path, "BROKER_KEYS", "`python -m common.keys --help` says how keys are made"
    )


def read_broker_key(directory: Path) -> KeyPair:
    """Read the broker's own key.

    Raises:
        ConfigError: There is none that can be used.
    """
    path = directory / BROKER_FILE
    values = _read_values(path, ("public", "secret"))
    return KeyPair(values["public"], values["secret"])


def read_peer_key(path: Path) -> PeerKey:
    """Read a key to join with, from its file or, on the broker's machine, from the folder.

    Raises:
        ConfigError: There is none that can be used.
    """
    file = key_file(path, THIS_HOST) if path.is_dir() else path
    values = _read_values(file, ("public", "secret", "broker"))
    return PeerKey(file, KeyPair(values["public"], values["secret"]), values["broker"])


def _read_values(path: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Return the keys in a file by their names, and nothing of them in an error."""
    lines = [line for line in read_key_file(path).splitlines() if line and line[0] != "#"]
    pairs = [line.partition("=") for line in lines]
    values = {name.strip(): value.strip() for name, _, value in pairs}
    wrong = [name for name in names if not is_key(values.get(name, ""))]
    if wrong:
        raise ConfigError(
            f"BROKER_KEYS: {path} is no key file of this kind: expected a line "
            f"`{wrong[0]} = ` and a key of {KEY_LENGTH} characters; copy the file anew"
        )
    return values
