"""A lock beside an ``ipc://`` path, so that no second broker takes it.

Binding a path that another process has bound steals it without a word. The system drops the lock
with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from pathlib import Path

from common.errors import ConfigError

PID = re.compile(rb"(\d+\n)?")  # all that a lock file holds


class EndpointLock:
    """Holds the lock of a path until it is released.

    Args:
        path: Where the broker is about to bind.

    Raises:
        ConfigError: Another pipeline has it, by the number of its process; or something else is
            in the way.
    """

    def __init__(self, path: Path) -> None:
        _refuse_other_files(path)
        self._path = path
        self._descriptor = _lock(path)

    def release(self) -> None:
        """Remove the socket's file and the lock's."""
        self._path.unlink(missing_ok=True)
        _lock_path(self._path).unlink(missing_ok=True)
        os.close(self._descriptor)


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".ferstream.lock")


def _refuse_other_files(path: Path) -> None:
    """Let nothing but a socket stand at the path: binding deletes what is there."""
    if path.exists() and not path.is_socket():
        raise ConfigError(
            f"BROKER_ENDPOINT=ipc://{path}: there is something there that is no socket; "
            "set BROKER_ENDPOINT to a path where nothing is"
        )


def _lock(path: Path) -> int:
    """Take the lock beside an ipc path and write this process's number into it."""
    while True:
        lock = _open_lock(path)
        try:
            _take_lock(lock, path)
            if _is_file_at(_lock_path(path), lock):
                os.ftruncate(lock, 0)
                os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
                return lock
        except ConfigError:
            os.close(lock)
            raise
        os.close(lock)  # of a broker that ended meanwhile and removed it: it keeps nobody out


def _open_lock(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(_lock_path(path), flags, 0o600)
    except OSError as error:
        raise ConfigError(
            f"BROKER_ENDPOINT=ipc://{path}: cannot write there ({error.strerror}); "
            "choose a path in a directory of yours"
        ) from error


def _take_lock(lock: int, path: Path) -> None:
    """Lock the file, unless it is another's or is not of our making."""
    taken = True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        taken = False
    content = os.pread(lock, 32, 0) if stat.S_ISREG(os.fstat(lock).st_mode) else b"no file"
    if not PID.fullmatch(content):
        raise ConfigError(
            f"BROKER_ENDPOINT=ipc://{path}: {_lock_path(path)} is no lock of ferstream; "
            "move it away, or set BROKER_ENDPOINT to another path"
        )
    if not taken:
        owner = content.decode().strip()
        raise ConfigError(
            f"BROKER_ENDPOINT=ipc://{path}: the pipeline of process {owner} runs there; "
            "stop it, or set BROKER_ENDPOINT (and PUBLISHER_PORT) to others for a second one"
        )


def _is_file_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
