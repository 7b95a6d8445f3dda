"""Code of a test inside the processes of a pipeline: Python runs it as each of them starts."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def patched_path(folder: Path, code: str) -> str:
    """Write the code to a folder; return the ``PYTHONPATH`` with which every process runs it."""
    (folder / "sitecustomize.py").write_text(code)
    return f"{folder}{os.pathsep}{ROOT}"
