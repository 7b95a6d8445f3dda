"""The library gives what a run of processes does."""

from __future__ import annotations

from pathlib import Path

import pytest

import ferstream
from tests.e2e.lossless_runs import Reference, analyse

pytestmark = pytest.mark.e2e


def test_records_are_those_of_a_lossless_run(clip: Path, reference: Reference) -> None:
    records = ferstream.analyze_video(clip, progress=False)
    assert records.equals(ferstream.read(reference.path))


def test_records_by_yunet_are_those_of_a_lossless_run(clip: Path, tmp_path: Path) -> None:
    results = tmp_path / "talk.parquet"
    with analyse(clip, results, DETECTOR="yunet") as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    records = ferstream.analyze_video(clip, detector="yunet", progress=False)
    assert records.equals(ferstream.read(results))
