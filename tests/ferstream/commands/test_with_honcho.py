"""What ``ferstream run`` becomes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ferstream.commands.run import WITH_HONCHO
from tests.support.waiting import DEADLINE_S


@pytest.mark.parametrize("lines_read", [0, 1])
def test_all_ends_when_nobody_reads_what_is_printed(tmp_path: Path, lines_read: int) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("".join(f"{name}: exec sleep 600\n" for name in ("one", "two", "three")))
    command = [sys.executable, str(WITH_HONCHO), str(procfile)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stderr is not None
    with running.stdout, running.stderr:
        for _ in range(lines_read):
            running.stdout.readline()
        running.stdout.close()
        assert running.wait(DEADLINE_S) == 128 + signal.SIGTERM
        assert running.stderr.read() == ""
