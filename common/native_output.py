"""Leaves out what TensorFlow notes on stderr, past Python, while it is loaded."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from common.gpus import gpu_devices

_STDERR = 2
_NOTICES = (
    "All log messages before absl::InitializeLog",
    "oneDNN custom operations are on",
    "This TensorFlow binary is optimized to use available CPU instructions",
    "To enable the following instructions:",
)
_NOTICES_WITHOUT_GPU = ("Could not find cuda drivers on your machine", "failed call to cuInit")
"""Errors where there is one, and red."""


@contextmanager
def tensorflow_notices_left_out() -> Iterator[None]:
    """Pass on what is written to file descriptor 2, but for lines that tell of nothing wrong.

    TensorFlow 2.21 writes seven, most of them whatever ``TF_CPP_MIN_LOG_LEVEL`` says: that it uses
    oneDNN and found no GPU. A command's one line of error would drown in them.
    """
    notices = _NOTICES if gpu_devices() else (*_NOTICES, *_NOTICES_WITHOUT_GPU)
    pattern = re.compile("|".join(map(re.escape, notices)).encode())
    sys.stderr.flush()
    kept = os.dup(_STDERR)
    readable, writable = os.pipe()
    os.dup2(writable, _STDERR)
    os.close(writable)
    reader = Thread(target=_pass_on, args=(readable, kept, pattern), daemon=True)
    reader.start()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, _STDERR)  # closes the last end that is written to
        reader.join()
        os.close(kept)


def _pass_on(readable: int, writable: int, left_out: re.Pattern[bytes]) -> None:
    with os.fdopen(readable, "rb") as lines:
        for line in lines:
            if not left_out.search(line):
                os.write(writable, line)
