"""Files that hold a secret, which nobody else may read."""

from __future__ import annotations

import os
from pathlib import Path

from common.errors import ConfigError


def write_private(path: Path, text: str) -> None:
    """Write a new file that only this user can read, whatever the umask.

    Raises:
        FileExistsError: There is something at the path.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        os.fchmod(descriptor, 0o600)
        opened.write(text)
        opened.flush()
        os.fsync(descriptor)


def read_private(path: Path, setting: str, advice: str) -> str:
    """Return the text of a file that nobody else can read or write.

    One that root has made for this user's group can be read by that: so containers are given
    secrets.

    Args:
        path: The file.
        setting: The variable that names it, for errors.
        advice: What to do where it cannot be read.

    Raises:
        ConfigError: It cannot be read, or others can.
    """
    try:
        with path.open(encoding="utf-8") as opened:
            found = os.fstat(opened.fileno())
            text = opened.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"{setting}: cannot read {path} ({reason}); {advice}") from error
    user = os.geteuid()
    if found.st_uid not in (user, 0):
        raise ConfigError(f"{setting}: {path} belongs to another user; make it your own")
    if found.st_mode & (0o077 if found.st_uid == user else 0o037):
        raise ConfigError(f"{setting}: others can read or write {path}; chmod 600 it")
    return text
