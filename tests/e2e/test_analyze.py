"""Images in, faces out, through the real processes."""

from __future__ import annotations

import contextlib
import json
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
from publisher.web.analyze import MAX_UPLOADS_EACH
from tests.e2e.looking import assert_ledger, scrape
from tests.e2e.lossless_runs import Reference, analyse
from tests.publisher.asking import Reply
from tests.publisher.uploading import encoded, post_images, with_orientation
from tests.support import hostile_images
from tests.support.media import DEMO, write_png_bomb
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

ASTRONAUT_BOX = (172, 62, 100, 100)
"""Where her face is in the photograph, by eye."""
DEMO_FRAME = 200
DEMO_BOXES = ((310, 67, 45, 45), (138, 190, 119, 119), (372, 180, 134, 134))
NO_CAPTURE = ("broker", "detector", "classifier", "publisher")


def wait_workers(pipeline: Pipeline, classifiers: int) -> None:
    """Wait until the broker knows a detector and the classifiers that run, and no other."""

    def ready() -> bool:
        known = sorted(peer["name"].rpartition(":")[2] for peer in pipeline.peers("classifier"))
        running = sorted(str(process.pid) for process in pipeline.processes("classifier.stage"))
        return len(known) == classifiers and known == running and bool(pipeline.peers("detector"))

    eventually(ready, lambda: f"{classifiers} classifiers; log:\n{pipeline.log}")


@pytest.fixture(scope="module")
def demo() -> Iterator[Pipeline]:
    """A pipeline with a live camera."""
    with Pipeline() as pipeline:
        pipeline.wait_published(30)  # which needs no classifier
        eventually(
            lambda: pipeline.get("/readyz")[0] == 200, lambda: f"all workers; log:\n{pipeline.log}"
        )
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
    """Return the intersection over union of two boxes."""
    left, top = max(a[0], b[0]), max(a[1], b[1])
    right, bottom = min(a[0] + a[2], b[0] + b[2]), min(a[1] + a[3], b[1] + b[3])
    shared = max(0, right - left) * max(0, bottom - top)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def ledger(pipeline: Pipeline) -> dict[str, int]:
    return dict(pipeline.status().get("images", {}))


def error(reply: Reply) -> str:
    return str(json.loads(reply.body)["error"])


@pytest.mark.parametrize("scale", [1, 6])
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
    assert codes[200] >= MAX_UPLOADS_EACH
    assert all(reply.headers["Retry-After"] for reply in replies if reply.code == 503)

    def counted() -> list[dict[str, Any]]:
        status = demo.status()
        known = status.get("images", {}).get("analyzed", 0)
        return list(status["cameras"]) if known >= analyzed + codes[200] else []

    (after,) = eventually(counted, "the count")
    assert after["camera"] == "demo"
    # They take turns: at least every other frame that is searched is one of the camera.
    assert after["published"] + after["in_flight"] - before["published"] >= codes[200] - 1
    assert_ledger(after)
    demo.wait_published(after["published"] + 20)


@pytest.fixture(scope="module")
def without_camera() -> Iterator[Pipeline]:
    """A pipeline for nothing but images."""
    with Pipeline(*NO_CAPTURE, CLASSIFIER_WORKERS="1") as pipeline:
        wait_workers(pipeline, 1)
        yield pipeline


def test_image_of_a_killed_classifier_is_handed_to_the_next(
    without_camera: Pipeline, astronaut: NDArray[np.uint8]
) -> None:
    pipeline = without_camera
    (first,) = pipeline.processes("classifier.stage")
    with pipeline.worker("classifier"), ThreadPoolExecutor(1) as pool:
        wait_workers(pipeline, 2)  # before the image's time runs
        first.suspend()  # it has been idle longer, so it is the one that gets the face
        waited = pool.submit(post_images, pipeline.url, encoded(astronaut))
        eventually(lambda: scrape(pipeline)["ferstream_batch_size_faces_count"], "a batch")
        with contextlib.suppress(psutil.NoSuchProcess):  # its supervisor may have been quicker
            first.kill()
        (image,) = images_of(waited.result())
        assert len(image["faces"]) == 1
        eventually(lambda: ledger(pipeline).get("analyzed") == 1, "the count")
    eventually(lambda: "starting it again" in pipeline.log, "the first one's next")


def test_frozen_classifier_lets_an_image_be_late_and_the_next_be_refused(
    without_camera: Pipeline, astronaut: NDArray[np.uint8]
) -> None:
    pipeline = without_camera
    wait_workers(pipeline, 1)
    frozen = [*pipeline.processes("classifier"), *pipeline.processes("classifier.stage")]
    assert len(frozen) == 2  # nobody starts another
    for process in frozen:
        process.suspend()
    try:
        late = post_images(pipeline.url, encoded(astronaut))
        assert (late.code, f"not done after {IMAGE_LIMIT_S:.0f} s" in error(late)) == (504, True)
        refused = post_images(pipeline.url, encoded(astronaut))
        assert refused.code == 503
        assert refused.headers["Retry-After"]
        assert "python -m classifier" in error(refused)
        eventually(lambda: ledger(pipeline).get("late") == 1, "the count")
    finally:
        for process in reversed(frozen):
            process.resume()
    eventually(lambda: post_images(pipeline.url, encoded(astronaut)).code == 200, "an answer again")


def decoders_of(pipeline: Pipeline) -> list[psutil.Process]:
    return pipeline.processes("publisher.uploads.decoder")


def test_images_made_to_kill_neither_end_the_publisher_nor_take_its_memory(
    without_camera: Pipeline, astronaut: NDArray[np.uint8]
) -> None:
    pipeline = without_camera
    jpeg = encoded(astronaut)
    assert post_images(pipeline.url, jpeg).code == 200
    (publisher,) = pipeline.processes("publisher.stage")
    (decoder,) = decoders_of(pipeline)
    before = [process.memory_info().rss for process in (publisher, decoder)]
    for _ in range(6):  # five crashes within a minute would end everything
        animation = hostile_images.animated_png_with_an_unknown_filter()
        assert post_images(pipeline.url, animation).code == 200  # its first picture is whole
    assert post_images(pipeline.url, hostile_images.png_that_claims_four_gigabytes()).code == 400
    after = [process.memory_info().rss for process in (publisher, decoder)]
    assert all(late - early < 20e6 for early, late in zip(before, after, strict=True))
    for _ in range(2):
        refused = post_images(pipeline.url, hostile_images.jpeg_of_many_scans())
        assert (refused.code, "takes too long" in error(refused)) == (400, True)
    assert post_images(pipeline.url, jpeg).code == 200
    assert pipeline.processes("publisher.stage") == [publisher]
    assert decoders_of(pipeline) != [decoder]


def test_decoder_ends_with_a_killed_publisher(
    without_camera: Pipeline, astronaut: NDArray[np.uint8]
) -> None:
    pipeline = without_camera
    assert post_images(pipeline.url, encoded(astronaut)).code == 200
    (decoder,) = decoders_of(pipeline)
    pipeline.kill("publisher.stage")
    eventually(lambda: decoder not in decoders_of(pipeline), "the decoder's end", 5.0)
    eventually(lambda: pipeline.get("/healthz")[0] == 200, "the next publisher")
    eventually(lambda: post_images(pipeline.url, encoded(astronaut)).code == 200, "an answer")


def test_uploads_neither_change_a_recordings_records_nor_keep_it_from_ending(
    clip: Path, tmp_path: Path, reference: Reference, astronaut: NDArray[np.uint8]
) -> None:
    jpeg = encoded(astronaut)
    results = tmp_path / "talk.csv"
    with analyse(clip, results) as pipeline, ThreadPoolExecutor(4) as pool:
        pipeline.wait_published(1, "talk")
        uploading = [pool.submit(_upload_until_the_end, pipeline, jpeg) for _ in range(4)]
        assert pipeline.wait() == 0, pipeline.log
        codes = set.union(*(each.result() for each in uploading))
        assert 200 in codes
        assert codes <= {200, 503, 504}  # late, or the run was ending
        assert "Traceback" not in pipeline.log
    assert results.read_text() == reference.path.read_text()


def _upload_until_the_end(pipeline: Pipeline, jpeg: bytes) -> set[int]:
    codes = set()
    with contextlib.suppress(OSError, HTTPException):  # hung up, or nobody answers any more
        while True:
            codes.add(post_images(pipeline.url, jpeg).code)
    return codes
