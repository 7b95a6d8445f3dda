"""The list of who may join as the broker knows it, read anew whenever the file has changed."""

from __future__ import annotations

import logging
from pathlib import Path

from common.contract import Role
from common.errors import ConfigError
from common.keys.allowed import read_allowed
from common.keys.files import ALLOWED_FILE

log = logging.getLogger(__name__)


class WatchedList:
    """Says of each key what it may do now.

    Args:
        directory: The folder with the list.

    Raises:
        ConfigError: The list cannot be used.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen = self._told = self._stamp()
        self._entries = read_allowed(directory)

    def refresh(self) -> bool:
        """Read the list if it has changed; return whether it has.

        A list that cannot be used is told once and tried again, and that of before holds: nobody is
        thrown out, or let in, by half a line in an editor.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        try:
            self._entries = read_allowed(self._directory)
        except ConfigError as error:
            if stamp != self._told:
                log.error("%s; until then the list of before holds", error)
            self._told = stamp
            return False
        self._seen = stamp
        return True

    def name(self, public: str) -> str:
        """Return what people call a key, and the key itself where it has no name."""
        entry = self._entries.get(public)
        return f"key {public}" if entry is None else f"key {entry.name}"

    def is_good(self, public: str) -> bool:
        """Return whether a key is good for anything."""
        entry = self._entries.get(public)
        return entry is not None and bool(entry.roles)

    def refusal(self, public: str) -> str | None:
        """Return why a key is good for nothing, None where it is good for something."""
        if self.is_good(public):
            return None
        return (
            f"{self.name(public)} {'was revoked' if public in self._entries else 'is not listed'}"
        )

    def refusal_as(self, public: str, role: Role, camera: str) -> str | None:
        """Return why a key is not good for this role, and this camera as a capture."""
        return self.refusal(public) or self._entries[public].refusal(role, camera)

    def _stamp(self) -> tuple[int, int, int] | None:
        """Return what changes with the file, None where there is none."""
        try:
            found = (self._directory / ALLOWED_FILE).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
