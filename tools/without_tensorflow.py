"""Print the packages that pyproject.toml asks for, but TensorFlow: what the container image holds.

Only this list leaves it out: where TensorFlow is missing, models run in ONNX Runtime. Uses nothing
but the standard library, for it runs before anything is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import tomllib

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
LEFT_OUT = "tensorflow"


def needed() -> list[str]:
    """Return the requirements, one a package."""
    listed = tomllib.loads(PROJECT.read_text())["project"]["dependencies"]
    return [requirement for requirement in listed if not requirement.startswith(LEFT_OUT)]


if __name__ == "__main__":
    sys.stdout.write("\n".join(needed()) + "\n")
