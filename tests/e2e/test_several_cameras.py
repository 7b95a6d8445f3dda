"""Cameras beside each other: fair turns, a state of its own for each, coming and going."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.media import DEMO_FPS, cut_demo
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

WINDOW_FRAMES = 20
"""Frames that the busiest camera publishes while the others are counted."""


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of the demo clip, nine times in one picture of 1920x1440."""
    return cut_demo(tmp_path_factory.mktemp("crowd") / "crowd.avi", 150, DEMO_FPS, tiles=3)


def camera(
    pipeline: Pipeline, name: str, source: str | Path = "demo"
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Add a camera to a running pipeline, as a user does in another terminal."""
    return pipeline.worker("capture", CAPTURE_CAMERA=name, CAPTURE_SOURCE=source, CAPTURE_LOOP="1")


def published(pipeline: Pipeline) -> dict[str, int]:
    return {each["camera"]: each["published"] for each in pipeline.status().get("cameras", [])}


def published_meanwhile(pipeline: Pipeline, frames: int = WINDOW_FRAMES) -> dict[str, int]:
    """Count what each camera publishes while the busiest publishes so many frames."""
    before = published(pipeline)

    def counts() -> dict[str, int]:
        now = published(pipeline)
        gained = {name: now.get(name, 0) - start for name, start in before.items()}
        return gained if max(gained.values(), default=0) >= frames else {}

    return eventually(counts, f"{frames} frames of one camera")


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with Pipeline() as running:
        running.wait_published(10)
        yield running


def test_a_large_crowded_camera_does_not_starve_three_others(
    pipeline: Pipeline, crowd: Path
) -> None:
    with ExitStack() as stack:
        stack.enter_context(camera(pipeline, "crowd", crowd))
        for name in ("door", "hall"):
            stack.enter_context(camera(pipeline, name))
        for name in ("crowd", "door", "hall"):
            pipeline.wait_published(5, name)
        gained = published_meanwhile(pipeline)
        assert set(gained) >= {"demo", "crowd", "door", "hall"}
        for name in ("demo", "door", "hall"):
            assert gained[name] >= 0.7 * max(gained.values()), gained
        assert gained["crowd"] > 0, "nor is it starved by them"
        assert all(each["online"] for each in pipeline.status()["cameras"])


def test_a_camera_that_is_killed_is_offline_by_itself_and_comes_back(pipeline: Pipeline) -> None:
    with camera(pipeline, "porch") as process:
        pipeline.wait_published(5, "porch")
        stages = [p for p in pipeline.processes("capture.stage") if p.ppid() == process.pid]
        process.kill()  # its stage notices, and goes too
        eventually(lambda: not any(p.is_running() for p in stages), "the stage to go")

        def offline() -> dict[str, Any]:
            porch = pipeline.camera("porch")
            return {} if porch["online"] or porch["in_flight"] else porch

        porch = eventually(offline, "porch to be offline, and its last frames to be settled")
        assert porch["offline_since"]
        assert porch["reason"]
        assert pipeline.camera("demo")["online"]
        assert published_meanwhile(pipeline)["porch"] == 0
    before = pipeline.camera("porch")["published"]
    with ExitStack() as stack:
        again = [stack.enter_context(camera(pipeline, "porch"))]

        def back() -> bool:
            if again[-1].poll() is not None:  # the name is kept for a capture that said no goodbye
                again.append(stack.enter_context(camera(pipeline, "porch")))
            return bool(pipeline.camera("porch")["online"])

        eventually(back, "porch to be back")
        eventually(lambda: pipeline.camera("porch")["published"] != before, "pictures of porch")
