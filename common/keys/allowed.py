"""The list of who may join: one key a line, read by the broker while it runs.

::

    # name     may be        cameras     public key
    gpu-box    classifier    -           WWj8WN&Lzk*!yp9LxbjLQ7#+^[A+LV#fZKuhH&mD
    door-pi    capture       door,yard   JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6

Cameras count for captures; ``*`` is any, and what is no letter or digit is written as in URLs
(``front%20door``). A key that was revoked keeps its line, with ``revoked`` for what it may be, so
that the log can say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from common.contract import Role
from common.errors import ConfigError
from common.keys.files import ALLOWED_FILE, is_key, read_key_file

ANY_CAMERA = "*"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REVOKED = "revoked"
_HEADER = (
    "# Who may join, one key a line: name, what it may be, its cameras (captures), public key.\n"
    "# Written by `python -m common.keys add` and `revoke`; what is written by hand holds too.\n"
    "# The broker reads it anew whenever it changes.\n"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one key may do.

    Attributes:
        name: What people call it.
        roles: What it may be; nothing where it was revoked.
        cameras: Names of the cameras that it may capture, or ``*`` for any.
        public: The key.
    """

    name: str
    roles: frozenset[Role]
    cameras: frozenset[str]
    public: str

    def refusal(self, role: Role, camera: str) -> str | None:
        """Return why the key is not good for this, None where it is."""
        if role not in self.roles:
            return f"key {self.name} is good for {_join(self.roles)}, not for {role}"
        if role is Role.CAPTURE and not self.cameras & {camera, ANY_CAMERA}:
            return f"key {self.name} is good for camera {_join(self.cameras)}, not for {camera}"
        return None

    def what(self) -> str:
        """Say in words, and in one line, what it is good for."""
        cameras = f" of camera {_join(map(_quoted, self.cameras))}" if self.cameras else ""
        return f"Key {self.name}, good for {_join(self.roles)}{cameras}"

    def line(self) -> str:
        """Return its line of the file."""
        roles = ",".join(role for role in Role if role in self.roles) or _REVOKED
        cameras = ",".join(map(_quoted, sorted(self.cameras)))
        return f"{self.name} {roles} {cameras or '-'} {self.public}\n"


def read_allowed(directory: Path) -> dict[str, Entry]:
    """Return what each key may do, by public key.

    Raises:
        ConfigError: It cannot be read, or a line of it means nothing; names the line.
    """
    path = directory / ALLOWED_FILE
    entries: dict[str, Entry] = {}
    for number, line in enumerate(read_key_file(path).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            entry = _parse(line)
            if entry.public in entries:
                raise ValueError(f"another key than that of {entries[entry.public].name}")
        except ValueError as error:
            raise ConfigError(f"BROKER_KEYS: {path}, line {number}: expected {error}") from error
        entries[entry.public] = entry
    return entries


def list_text(entries: Iterable[Entry]) -> str:
    """Return what the file of a list holds."""
    return _HEADER + "".join(entry.line() for entry in entries)


def _parse(line: str) -> Entry:
    parts = line.split()
    if len(parts) != 4:
        raise ValueError("name, what it may be, its cameras or -, public key")
    name, roles, cameras, public = parts
    if not NAME.fullmatch(name):
        raise ValueError("a name of letters, digits, dots, dashes and underscores")
    if not is_key(public):
        raise ValueError("a public key of 40 characters at its end")
    return Entry(name, _roles(roles), _cameras(cameras), public)


def _roles(text: str) -> frozenset[Role]:
    if text == _REVOKED:
        return frozenset()
    try:
        return frozenset(Role(word) for word in text.split(","))
    except ValueError as error:
        raise ValueError(f"{', '.join(Role)} or {_REVOKED}, got {text}") from error


def _cameras(text: str) -> frozenset[str]:
    return frozenset() if text == "-" else frozenset(map(unquote, text.split(",")))


def _quoted(camera: str) -> str:
    return quote(camera, safe=ANY_CAMERA)


def _join(words: Iterable[str]) -> str:
    return " or ".join(sorted(words)) or "none"
