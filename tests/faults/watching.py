"""A pipeline that watches a stream which is disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.looking import assert_ledger
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

CAMERA = "porch"
FRAMES = 20
"""So many new ones are proof that pictures come again."""


@contextmanager
def watch(url: str) -> Iterator[Pipeline]:
    """A pipeline that watches a stream; its ledger holds in the end and nothing is left."""
    with Pipeline(CAPTURE_SOURCE=url, CAPTURE_CAMERA=CAMERA) as pipeline:
        pipeline.wait_published(FRAMES, CAMERA)
        yield pipeline
        assert_ledger(pipeline.camera(CAMERA))
        pipeline.interrupt()
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log


def offline_reason(pipeline: Pipeline) -> str:
    camera = pipeline.camera(CAMERA)
    return "" if camera.get("online", True) else str(camera["reason"])


@contextmanager
def only_a_while_offline(pipeline: Pipeline) -> Iterator[str]:
    """Wait until the camera is offline, and in the end until it is back with new pictures."""
    yield eventually(lambda: offline_reason(pipeline), "the camera to be offline")
    before = pipeline.camera(CAMERA)["published"]
    eventually(lambda: not offline_reason(pipeline), "the camera to be back")
    pipeline.wait_published(before + FRAMES, CAMERA)


def wait_for_size(pipeline: Pipeline, width: int, height: int) -> None:
    """Wait for a picture of that size, told from its JPEG's frame header."""
    sides = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    eventually(
        lambda: sides in pipeline.get(f"/snapshot/{CAMERA}.jpg")[1],
        f"a picture of {width}x{height}",
    )
