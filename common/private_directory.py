"""Directories that only this user can enter."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def make_private_directory(path: Path) -> bool:
    """Make a directory with mode 0700 where there is none; return whether it is this user's alone.

    Others may have put something of theirs, or a link, in its place.

    Raises:
        OSError: It cannot be made.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return is_ours and not found.st_mode & 0o077
