"""Silences what native libraries write to stderr past Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


@contextmanager
def native_stderr_silenced() -> Iterator[None]:
    """Sends file descriptor 2 nowhere; exceptions raised inside still arrive.

    TensorFlow 2.21 notes there, whatever ``TF_CPP_MIN_LOG_LEVEL`` says, that it found no GPU and
    uses oneDNN: seven lines in which a command's one line of error would drown.
    """
    sys.stderr.flush()
    kept = os.dup(_STDERR)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # os.devnull is no real path
            os.dup2(nowhere.fileno(), _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
