"""Images in, faces out, through the real processes."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
import skimage.data
from numpy.typing import NDArray

from common.contract import IMAGE_LIMIT_S
from common.face_model import LABELS
from tests.e2e.conftest import DEMO
from tests.e2e.test_data_out import scrape
from tests.e2e.test_live import assert_ledger
from tests.e2e.test_lossless import analyse, rows_of
from tests.publisher.asking import Reply
from tests.publisher.uploading import encoded, post_images, with_orientation
from tests.support.media import write_png_bomb
from tests.support.pipeline import Pipeline, wait_for

pytestmark = pytest.mark.e2e

ASTRONAUT_BOX = (172, 62, 100, 100)
"""Where her face is in the photograph, by eye."""
DEMO_FRAME = 200
DEMO_BOXES = ((310, 67, 46, 46), (141, 191, 115, 115), (372, 182, 132, 132))
NO_CAPTURE = ("broker", "detector", "classifier", "publisher")


@pytest.fixture(scope="module")
def demo() -> Iterator[Pipeline]:
    """Give a pipeline with a live camera."""
    with Pipeline() as pipeline:
        pipeline.wait_published(30)  # which needs no classifier
        wait_for(lambda: pipeline.get("/readyz")[0] == 200, f"all workers; log:\n{pipeline.log}")
        yield pipeline


@pytest.fixture(scope="module")
def astronaut() -> NDArray[np.uint8]:
    """A photograph of one face, 512x512; NASA, public domain."""
    rgb = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8)


def images_of(reply: Reply) -> list[dict[str, Any]]:
    assert reply.code == 200, reply.body
    return list(json.loads(reply.body)["images"])


def boxes_of(image: dict[str, Any]) -> list[tuple[int, int, int, int]]:
    return [tuple(face["box"][side] for side in "xywh") for face in image["faces"]]


def overlap(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """Give the intersection over union of two boxes."""
    left, top = max(a[0], b[0]), max(a[1], b[1])
    right, bottom = min(a[0] + a[2], b[0] + b[2]), min(a[1] + a[3], b[1] + b[3])
    shared = max(0, right - left) * max(0, bottom - top)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def ledger(pipeline: Pipeline) -> dict[str, int]:
    return dict(pipeline.status().get("images", {}))


def error(reply: Reply) -> str:
    return str(json.loads(reply.body)["error"])


@pytest.mark.parametrize("scale", [1, 8])
def test_face_of_a_photograph_is_found_where_it_is(
    demo: Pipeline, astronaut: NDArray[np.uint8], scale: int
) -> None:
    photograph = cv2.resize(astronaut, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    (image,) = images_of(post_images(demo.url, encoded(np.asarray(photograph, np.uint8))))
    assert (image["width"], image["height"]) == (512 * scale, 512 * scale)
    (box,) = boxes_of(image)
    assert overlap(box, tuple(side * scale for side in ASTRONAUT_BOX)) > 0.75
    (face,) = image["faces"]
    assert face["label"] == "happy"
    assert list(face["probabilities"]) == list(LABELS)
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_photograph_of_a_turned_camera_is_searched_upright(
    demo: Pipeline, astronaut: NDArray[np.uint8]
) -> None:
    lying = cv2.rotate(astronaut[:, :400], cv2.ROTATE_90_COUNTERCLOCKWISE)
    jpeg = with_orientation(encoded(np.asarray(lying, np.uint8)), 6)
    (image,) = images_of(post_images(demo.url, jpeg))
    assert (image["width"], image["height"]) == (400, 512)
    (box,) = boxes_of(image)
    assert overlap(box, ASTRONAUT_BOX) > 0.75


def test_all_faces_of_a_picture_are_found_and_pictures_keep_their_order(
    demo: Pipeline, astronaut: NDArray[np.uint8]
) -> None:
    clip = cv2.VideoCapture(str(DEMO))
    for _ in range(DEMO_FRAME + 1):
        read, frame = clip.read()
        assert read
    clip.release()
    several = encoded(np.asarray(frame, np.uint8), ".png")
    nobody = encoded(np.full((300, 400, 3), 127, np.uint8))
    one, none, three = images_of(post_images(demo.url, encoded(astronaut), nobody, several))
    assert (len(one["faces"]), none["faces"]) == (1, [])
    assert len(three["faces"]) == len(DEMO_BOXES)
    for expected in DEMO_BOXES:
        assert max(overlap(box, expected) for box in boxes_of(three)) > 0.75


def test_annotated_picture_has_the_size_of_the_upload(
    demo: Pipeline, astronaut: NDArray[np.uint8]
) -> None:
    reply = post_images(demo.url, encoded(astronaut), Accept="image/jpeg")
    assert (reply.code, reply.headers["Content-Type"]) == (200, "image/jpeg")
    drawn = cv2.imdecode(np.frombuffer(reply.body, np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    assert drawn.shape == astronaut.shape
    changed = np.abs(drawn.astype(int) - astronaut).max(axis=2) > 100
    x, y, w, h = cv2.boundingRect(np.argwhere(changed)[:, ::-1].astype(np.int32))
    assert overlap((x, y, w, h), ASTRONAUT_BOX) > 0.4  # the box, and the label above it


def test_bad_uploads_are_refused_without_taking_memory(demo: Pipeline, tmp_path: Path) -> None:
    (publisher,) = demo.processes("publisher.stage")
    bomb = write_png_bomb(tmp_path / "bomb.png", 30_000, 30_000).read_bytes()
    post_images(demo.url, b"no image")  # whatever is loaded once
    before = publisher.memory_info().rss
    assert post_images(demo.url, b"no image").code == 400
    reply = post_images(demo.url, bomb)
    assert (reply.code, "million pixels" in error(reply)) == (413, True)
    assert post_images(demo.url, bytes(40_000_000)).code == 413
    assert publisher.memory_info().rss - before < 20e6


def test_burst_of_uploads_is_answered_and_the_live_camera_goes_on(
    demo: Pipeline, astronaut: NDArray[np.uint8]
) -> None:
    before, analyzed = demo.camera(), ledger(demo)["analyzed"]
    jpeg = encoded(astronaut)
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda _: post_images(demo.url, jpeg), range(50)))
    codes = Counter(reply.code for reply in replies)
    assert set(codes) <= {200, 503}
    assert codes[200] >= 8
    assert all(reply.headers["Retry-After"] for reply in replies if reply.code == 503)

    def counted() -> list[dict[str, Any]]:
        status = demo.status()
        known = status.get("images", {}).get("analyzed", 0)
        return list(status["cameras"]) if known >= analyzed + codes[200] else []

    (after,) = wait_for(counted, "the count")
    assert after["camera"] == "demo"
    # They take turns: at least every other frame that is searched is one of the camera.
    assert after["published"] + after["in_flight"] - before["published"] >= codes[200] - 1
    assert_ledger(after)
    demo.wait_published(after["published"] + 20)


def test_image_of_a_killed_classifier_is_handed_to_the_next(
    astronaut: NDArray[np.uint8],
) -> None:
    with Pipeline(*NO_CAPTURE) as pipeline, ThreadPoolExecutor(1) as pool:
        wait_for(lambda: pipeline.peers("classifier") and pipeline.peers("detector"), "workers")
        (first,) = pipeline.processes("classifier.stage")
        second = pipeline.start_worker("classifier")  # ready before the image's time runs
        try:
            wait_for(lambda: len(pipeline.peers("classifier")) == 2, "a second classifier")
            first.suspend()  # it has been idle longer, so it is the one that gets the face
            waited = pool.submit(post_images, pipeline.url, encoded(astronaut))
            wait_for(
                lambda: scrape(pipeline)["ferstream_batch_size_faces_count"], "a batch to be given"
            )
            first.kill()
            (image,) = images_of(waited.result())
            assert len(image["faces"]) == 1
            wait_for(lambda: ledger(pipeline).get("analyzed") == 1, "the count")
            wait_for(lambda: "starting it again" in pipeline.log, "the first one's next")
        finally:
            second.terminate()
            second.wait(30)


def test_frozen_classifier_lets_an_image_be_late_and_the_next_be_refused(
    astronaut: NDArray[np.uint8],
) -> None:
    with Pipeline(*NO_CAPTURE) as pipeline:
        wait_for(lambda: pipeline.peers("classifier") and pipeline.peers("detector"), "workers")
        frozen = [*pipeline.processes("classifier"), *pipeline.processes("classifier.stage")]
        assert len(frozen) == 2  # nobody starts another
        _suspend(frozen)
        try:
            started = time.monotonic()
            late = post_images(pipeline.url, encoded(astronaut))
            assert time.monotonic() - started >= IMAGE_LIMIT_S - 0.5
            assert (late.code, "not done after 10 s" in error(late)) == (504, True)
            refused = post_images(pipeline.url, encoded(astronaut))
            assert refused.code == 503
            assert refused.headers["Retry-After"]
            assert "python -m classifier" in error(refused)
            wait_for(lambda: ledger(pipeline).get("late") == 1, "the count")
        finally:
            for process in reversed(frozen):
                process.resume()
        wait_for(
            lambda: post_images(pipeline.url, encoded(astronaut)).code == 200, "an answer again"
        )


def test_without_a_classifier_an_image_is_refused_at_once(astronaut: NDArray[np.uint8]) -> None:
    with Pipeline("broker", "detector", "publisher") as pipeline:
        wait_for(lambda: pipeline.peers("detector"), "the detector")
        started = time.monotonic()
        reply = post_images(pipeline.url, encoded(astronaut))
        assert time.monotonic() - started < IMAGE_LIMIT_S / 2
        assert (reply.code, "python -m classifier" in error(reply)) == (503, True)


@pytest.mark.timeout(300)
def test_uploads_neither_change_a_recordings_records_nor_keep_it_from_ending(
    short_clip: Path, tmp_path: Path, astronaut: NDArray[np.uint8]
) -> None:
    jpeg = encoded(astronaut)
    with analyse(short_clip, tmp_path / "alone.csv") as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    with (
        analyse(short_clip, tmp_path / "with.csv") as pipeline,
        ThreadPoolExecutor(4) as pool,
    ):
        pipeline.wait_published(1, "talk")
        replies = list(pool.map(lambda _: post_images(pipeline.url, jpeg), range(12)))
        codes = {reply.code for reply in replies}
        assert 200 in codes
        assert codes <= {200, 504}  # late where the run leaves a busy machine no time
        in_flight_at_the_end = pool.submit(_upload_until_the_end, pipeline, jpeg)
        assert pipeline.wait() == 0, pipeline.log
        assert in_flight_at_the_end.result() <= {200, 503, 504}
        assert "Traceback" not in pipeline.log
    assert rows_of(tmp_path / "with.csv") == rows_of(tmp_path / "alone.csv")


def _upload_until_the_end(pipeline: Pipeline, jpeg: bytes) -> set[int]:
    codes = set()
    with contextlib.suppress(OSError, HTTPException):  # hung up, or nobody answers any more
        while True:
            codes.add(post_images(pipeline.url, jpeg).code)
    return codes


def _suspend(processes: list[psutil.Process]) -> None:
    for process in processes:
        process.suspend()
