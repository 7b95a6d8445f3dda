"""Where ring files are, what they are called, and whose they are.

They lie in a directory that only this user can enter. The capture that writes a ring holds a lock
on it for as long as it lives; the kernel drops the lock with the process, however that ends and in
whatever container it ran. So a ring that can be locked is nobody's.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from pathlib import Path

from common.errors import SourceError
from common.private_directory import make_private_directory

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only a private directory is made there

_NAME = re.compile(r"[0-9a-f]{16}\.ring", re.ASCII)


def ring_directory() -> Path:
    """Return this user's directory for ring files: in memory where the system offers it.

    Raises:
        SourceError: It cannot be made, or belongs or is open to others.
    """
    base = SHARED_MEMORY
    if not os.access(base, os.W_OK):
        import tempfile  # noqa: PLC0415 - supervisors import this file, and seldom need it

        base = Path(tempfile.gettempdir())
    path = base / f"ferstream-{os.getuid()}"
    try:
        is_private = make_private_directory(path)
    except OSError as error:
        raise SourceError(f"cannot make {path} for frames ({error.strerror})") from error
    if not is_private:
        raise SourceError(
            f"{path} is where frames are kept and is not a directory private to you; "
            "remove it, or have its owner do so"
        )
    return path


def new_ring_path(directory: Path) -> Path:
    """Name a ring file as no other is named."""
    return directory / f"{os.urandom(8).hex()}.ring"


def open_ring(ring: str) -> int:
    """Open a ring that a peer has named, to be read; return the descriptor.

    Raises:
        SourceError: It is no ring file of this user.
        OSError: It cannot be opened.
    """
    path = Path(ring)
    if not _NAME.fullmatch(path.name) or path.parent != ring_directory():
        raise SourceError(f"{ring} is not the name of a ring file here")
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
        os.close(descriptor)
        raise SourceError(f"{ring} is no file of this user")
    return descriptor


def lock_ring(descriptor: int) -> bool:
    """Lock an open ring file, and return True; False where a process that lives holds it.

    Raises:
        OSError: The file system knows no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def has_name(descriptor: int) -> bool:
    """Return whether an open file can still be found by others."""
    return os.fstat(descriptor).st_nlink > 0
