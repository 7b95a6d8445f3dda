"""The clips that several modules analyse, and what an undisturbed run makes of them."""

from pathlib import Path

import pytest

from tests.e2e.lossless_runs import FRAMES, Reference, analyse, rows_of
from tests.support.media import cut_demo


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
    with analyse(clip, results) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log
    return Reference(results, rows_of(results), pipeline.lines)
