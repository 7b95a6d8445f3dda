"""The only place where sockets are made. Nothing is left at the library's default that can bite.

Linger 0, so that closing never waits; bounded queues; bounded message sizes; a reconnect interval
that suits a broker restart; and ``IMMEDIATE``, so that nothing queues for a broker that is not
there and arrives stale when it is.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from pathlib import Path

import zmq

from common.errors import ConfigError

Context = zmq.Context[zmq.Socket[bytes]]
"""What makes the sockets of a process."""

QUEUE_MESSAGES = 1000
MAX_MESSAGE_BYTES = 128 * 1024 * 1024
RECONNECT_MS = 50
RECONNECT_MAX_MS = 500
PID = re.compile(rb"(\d+\n)?")  # all that a lock file holds


def connect_dealer(context: Context, endpoint: str) -> zmq.Socket[bytes]:
    """Connect a peer's socket to the broker, which need not be there yet.

    Raises:
        ConfigError: Nothing can ever connect to such an address.
    """
    dealer = context.socket(zmq.DEALER)
    _set_limits(dealer)
    dealer.setsockopt(zmq.IMMEDIATE, 1)
    dealer.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    dealer.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
    try:
        dealer.connect(endpoint)
    except zmq.ZMQError as error:
        dealer.close()
        raise ConfigError(
            f"BROKER_ENDPOINT={endpoint}: cannot connect there ({error.strerror}); "
            "give the broker's host, or an ipc:// path that is short enough"
        ) from error
    return dealer


class BrokerSocket:
    """The broker's bound socket, and the lock that keeps a second broker from stealing its path.

    Binding an ``ipc://`` path that another process has bound steals it without a word, hence the
    lock file beside it; the system drops the lock with the process, however that ends.

    Raises:
        ConfigError: The address is taken; names who has it where that is known.
    """

    def __init__(self, context: Context, endpoint: str) -> None:
        self._path = Path(endpoint.removeprefix("ipc://")) if _is_ipc(endpoint) else None
        if self._path is not None:
            _refuse_other_files(self._path)
        self._lock = _lock(self._path) if self._path else None
        self.router = context.socket(zmq.ROUTER)
        _set_limits(self.router)
        self.router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        try:
            self.router.bind(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise ConfigError(
                f"BROKER_ENDPOINT={endpoint}: cannot listen there ({error.strerror}); "
                "is another pipeline running? set BROKER_ENDPOINT to another address"
            ) from error

    def close(self) -> None:
        """Close the socket and remove its files."""
        self.router.close()
        if self._path is not None and self._lock is not None:
            self._path.unlink(missing_ok=True)
            _lock_path(self._path).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None


def _set_limits(socket: zmq.Socket[bytes]) -> None:
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.SNDHWM, QUEUE_MESSAGES)
    socket.setsockopt(zmq.RCVHWM, QUEUE_MESSAGES)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)


def _is_ipc(endpoint: str) -> bool:
    return endpoint.startswith("ipc://")


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
