"""ONNX Runtime, which reports to its makers how it is used, reports nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from common.face_model import BUNDLED_MODEL_DIR
from tests.support.pipeline import ROOT

OPEN_A_MODEL = """
import sys
from common.onnx_session import open_session
open_session(sys.argv[1])
"""
HUSHED_BY = ("CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")


def test_nothing_is_kept_to_be_reported(tmp_path: Path) -> None:
    """Else it keeps a number of this machine and a store of events in the user's folder."""
    environ = {name: value for name, value in os.environ.items() if name not in HUSHED_BY}
    environ |= {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    model = BUNDLED_MODEL_DIR / "expression_int8.onnx"
    command = [sys.executable, "-c", OPEN_A_MODEL, str(model)]
    subprocess.run(command, env=environ, check=True, timeout=60)
    assert list(tmp_path.rglob("*")) == []
