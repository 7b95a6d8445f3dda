"""A minute in which one process after the other is killed, frozen or replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reliability.live_chaos import run_live
from benchmarks.reliability.lossless_chaos import run_lossless
from tests.support.media import DEMO

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_disturbed_recording_has_every_frame_once_with_the_faces_of_a_quiet_run(
    tmp_path: Path,
) -> None:
    chaos, *_ = run_lossless(DEMO, 0.5, 1, tmp_path)
    assert chaos.exit_code == 0, chaos.log
    assert chaos.comparison.right, chaos.comparison
    assert "Traceback" not in chaos.log
    assert chaos.recoveries


def test_disturbed_camera_goes_on_and_accounts_for_every_frame() -> None:
    chaos = run_live(0.5, 2)
    assert chaos.ledger_holds
    assert chaos.recoveries
