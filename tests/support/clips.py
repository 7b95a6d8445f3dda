"""A pipeline to look at, clips to analyse, and what an undisturbed run makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.lossless_runs import FRAMES, Reference, analyse, rows_of
from tests.support.media import cut_demo
from tests.support.pipeline import Pipeline


@pytest.fixture(scope="module")
def demo() -> Iterator[Pipeline]:
    """A pipeline on the bundled clip, one for each module: what one kills another does not see."""
    with Pipeline(DETECTOR_WORKERS="1", CLASSIFIER_WORKERS="1") as pipeline:
        pipeline.wait_published(30)
        yield pipeline


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds of the demo clip, some with several faces."""
    return cut_demo(tmp_path_factory.mktemp("clip") / "talk.avi", 100, FRAMES)


@pytest.fixture(scope="session")
def second_of_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of it, with three faces."""
    return cut_demo(tmp_path_factory.mktemp("clip") / "talk.avi", 190, 30)


@pytest.fixture(scope="session")
def reference(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """What one worker each made of the clip, beside the results of an earlier run."""
    results = tmp_path_factory.mktemp("reference") / "talk.csv"
    results.write_text("what was recorded before\n")
    with analyse(clip, results, DETECTOR_WORKERS="1", CLASSIFIER_WORKERS="1") as pipeline:
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log
    return Reference(results, rows_of(results), pipeline.lines)
