"""Programs that not every machine has."""

from __future__ import annotations

import shutil

import pytest


def needed(program: str) -> str:
    """Return where a program is; skip the test where there is none."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"needs {program}")
    return found
