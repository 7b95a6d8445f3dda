"""One stage as the process that a user starts, with settings of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.pipeline import free_port, pipeline_environ


def run_stage(module: str, directory: Path, **settings: str) -> tuple[int, list[str]]:
    """Run a stage to its end in a directory; return its exit code and the complaints on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=directory,
        env=pipeline_environ(directory, free_port(), **settings),
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if " INFO " not in f" {line} "]
    return done.returncode, lines
