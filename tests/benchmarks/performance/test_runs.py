from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.performance.live_runs import ages_of
from benchmarks.performance.progress import last_frame_id, steady_part
from benchmarks.performance.runs import Loop, Lossless


def test_the_rate_is_that_of_the_middle_of_the_run() -> None:
    starting = [(10.0 + place / 20, 3) for place in range(20)]
    steady = [(11.0 + place / 20, place * 5 // 12 * 12) for place in range(60)]  # twelve at once
    found = steady_part([*starting, *steady], 300)
    assert found.fps == pytest.approx(100, rel=0.03)
    assert 11.5 < found.start_s < found.end_s <= 14


def test_a_run_that_was_over_at_once_has_no_rate() -> None:
    with pytest.raises(RuntimeError, match="300 frames went by in 1 samples"):
        steady_part([(10.0, 100), (10.05, 299)], 300)


def test_the_last_whole_record_says_how_far_it_is(tmp_path: Path) -> None:
    results = tmp_path / "results.csv"
    assert last_frame_id(results) is None
    results.write_text("camera,frame_id,x\n")
    assert last_frame_id(results) is None
    results.write_text("camera,frame_id,x\n" + "".join(f"a,{n},1\n" for n in range(900)) + "a,9")
    assert last_frame_id(results) == 899


def test_longer_recordings_take_longer_at_the_steady_rate() -> None:
    run = Lossless(
        frames=300,
        faces=300,
        wall_s=5.0,
        cpu_s=4.0,
        peak_mb=400.0,
        steady_fps=100.0,
        stage_ms={"detector": 8.0, "broker": 2.0},
    )
    assert run.seconds_for(300) == 5.0
    assert run.seconds_for(1300) == 15.0
    assert run.start_up_cpu_s == pytest.approx(1.0)
    assert Loop(4.0, 0.1, 0.1, 1.0, 900.0).seconds_for(11) == pytest.approx(5.0)


def test_of_several_cameras_the_worst_percentiles_count() -> None:
    cameras = [
        {"stages_ms": {"total": {"p50": p50, "p95": p50 + 10, "p99": p50 + 20}}}
        for p50 in (5.0, 7.0, 30.0)
    ]
    assert ages_of(cameras) == {"total": (7.0, 40.0, 50.0)}
