"""Uploads over HTTP, against a broker played by the test."""

from __future__ import annotations

import json
import sys
import tracemalloc
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from common.contract import Outcome
from common.face_model import LABELS
from common.messages import AnalyzeImage, PublisherHello, Welcome, WhoAreYou
from publisher.as_json import POSE
from publisher.tracking.smoothing import UNCERTAIN
from publisher.uploads.upload import MAX_IMAGES, MAX_UPLOAD_BYTES
from publisher.web.analyze import MAX_UPLOADS, MAX_UPLOADS_EACH, RETRY_S
from tests.publisher.asking import PATIENCE_S, Reply, send
from tests.publisher.described import DESCRIPTION, assert_described
from tests.publisher.material import FACE, HAPPY, SAD, Rig, rig
from tests.publisher.uploading import answer_to, decoded, encoded, post_images, with_orientation
from tests.support import hostile_images

PICTURE = np.full((120, 160, 3), 90, np.uint8)
JPEG = encoded(PICTURE)
other_addresses = pytest.mark.skipif(
    sys.platform != "linux", reason="127.0.0.1 is the only address of this machine"
)
UNSURE = (0.3, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1)


@pytest.fixture
def upload(running: Rig) -> Iterator[Callable[..., Future[Reply]]]:
    """A function that posts images from another thread."""
    with ThreadPoolExecutor(MAX_UPLOADS + 2) as pool:

        def post(*images: bytes, **headers: str) -> Future[Reply]:
            return pool.submit(post_images, running.url, *images, **headers)

        yield post
        running.stage.requests.close()


def asked(running: Rig) -> AnalyzeImage:
    """Return the next image that the broker is asked about."""
    message = running.until(lambda: running.broker.receive(AnalyzeImage), "an image")
    assert message is not None
    return message


def reply(running: Rig, waited: Future[Reply]) -> Reply:
    """Return the reply, which is as the description of the interface says."""
    running.until(waited.done, "a reply")
    found = waited.result()
    described = DESCRIPTION["paths"]["/api/analyze"]["post"]["responses"][str(found.code)]
    assert found.headers["Content-Type"] in described["content"]
    if found.headers["Content-Type"] == "application/json":
        assert_described(json.loads(found.body), "Analysis" if found.code == 200 else "Error")
    return found


def error(found: Reply) -> str:
    assert found.headers["Content-Type"] == "application/json"
    return str(json.loads(found.body)["error"])


Upload = Callable[..., Future[Reply]]


def test_faces_of_an_image_are_answered_as_json(running: Rig, upload: Upload) -> None:
    waited = upload(JPEG)
    message = asked(running)
    assert (message.height, message.width) == (120, 160)
    running.broker.send(answer_to(message, (FACE, HAPPY), ((1, 2, 30, 30), UNSURE)))
    found = reply(running, waited)
    assert found.code == 200
    assert found.headers["Cache-Control"] == "no-store"
    ((image,),) = json.loads(found.body).values()
    assert (image["name"], image["width"], image["height"]) == ("0.jpg", 160, 120)
    happy, unsure = image["faces"]
    assert happy["box"] == {"x": 40, "y": 30, "w": 60, "h": 60}
    assert (happy["label"], happy["confidence"]) == ("happy", 0.9)
    assert [happy[angle] for angle in POSE] == [None] * 3
    assert happy["probabilities"] == dict(zip(LABELS, HAPPY, strict=True))
    assert (unsure["label"], unsure["confidence"]) == (UNCERTAIN, None)


def test_a_face_that_is_turned_away_is_not_judged(running: Rig, upload: Upload) -> None:
    waited = upload(JPEG)
    answer = answer_to(asked(running), (FACE, (0.0,) * 7), ((1, 2, 30, 30), HAPPY))
    poses = np.array([(0.04, 71.26, -3.0), (2.0, 1.0, 0.0)])
    running.broker.send(structs.replace(answer, poses=poses, turned_away=(True, False)))
    (image,) = json.loads(reply(running, waited).body)["images"]
    away, judged = image["faces"]
    assert (away["label"], away["confidence"], away["probabilities"]) == ("turned away", None, None)
    assert [away[angle] for angle in POSE] == [0.0, 71.3, -3.0]
    assert (judged["label"], judged["roll_deg"]) == ("happy", 2.0)


def test_several_images_travel_together_and_are_answered_in_order(
    running: Rig, upload: Upload
) -> None:
    pictures = [encoded(np.zeros((50 + at, 60, 3), np.uint8)) for at in range(MAX_IMAGES)]
    waited = upload(*pictures)
    messages = [asked(running) for _ in pictures]  # none has been answered yet
    for message in reversed(messages):
        running.broker.send(answer_to(message))
    images = json.loads(reply(running, waited).body)["images"]
    assert [image["height"] for image in images] == [50 + at for at in range(MAX_IMAGES)]
    assert [image["name"] for image in images] == [f"{at}.jpg" for at in range(MAX_IMAGES)]


def test_annotated_picture_comes_where_it_is_asked_for(running: Rig, upload: Upload) -> None:
    turned = with_orientation(JPEG, 6)
    waited = upload(turned, Accept="image/jpeg")
    running.broker.send(answer_to(asked(running), (FACE, HAPPY)))
    found = reply(running, waited)
    assert (found.code, found.headers["Content-Type"]) == (200, "image/jpeg")
    picture = decoded(found.body)
    assert picture.shape == (160, 120, 3)
    blue, _, red = picture[30:90, 40].mean(axis=0)
    assert red > blue + 40  # the colour of happy, where the box is


def test_picture_of_several_images_is_not_acceptable(running: Rig, upload: Upload) -> None:
    found = reply(running, upload(JPEG, JPEG, Accept="image/jpeg"))
    assert found.code == 406
    assert "one image" in error(found)


def test_one_bad_image_refuses_all_and_is_named(running: Rig, upload: Upload) -> None:
    found = reply(running, upload(JPEG, b"hello", JPEG))
    assert found.code == 400
    assert "1.jpg is not an image" in error(found)


def test_form_without_an_image_is_told_how_to_send_one(running: Rig) -> None:
    found = post_images(running.url, JPEG, field="picture")
    assert found.code == 400
    assert "curl -F image=@" in error(found)


def test_form_of_text_alone_is_refused_unread(running: Rig) -> None:
    text = b"image=&" * 300_000
    request = urllib.request.Request(f"{running.url}/api/analyze", text)  # says it is such a form
    tracemalloc.start()
    try:
        found = send(request)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.code == 400
    assert "curl -F image=@" in error(found)
    assert peak < 10 * len(text)


def test_more_images_than_are_taken_at_once_are_too_large(running: Rig) -> None:
    found = post_images(running.url, *[JPEG] * (MAX_IMAGES + 1))
    assert found.code == 413
    assert f"at most {MAX_IMAGES}" in error(found)


@pytest.mark.parametrize("size", [MAX_UPLOAD_BYTES, 2 * MAX_UPLOAD_BYTES])
def test_body_that_is_too_large_is_refused_with_the_limit(running: Rig, size: int) -> None:
    found = post_images(running.url, bytes(size))
    assert found.code == 413
    assert f"at most {MAX_UPLOAD_BYTES} bytes" in error(found)


@pytest.mark.parametrize(
    ("outcome", "code"), [(Outcome.FAILED, 500), (Outcome.LATE, 504), (Outcome.REFUSED, 503)]
)
def test_what_the_broker_says_of_an_image_is_passed_on(
    running: Rig, upload: Upload, outcome: Outcome, code: int
) -> None:
    waited = upload(JPEG)
    running.broker.send(answer_to(asked(running), outcome=outcome, reason="because of the test"))
    found = reply(running, waited)
    assert found.code == code
    assert "0.jpg: because of the test" in error(found)
    assert found.headers["Retry-After"] == (str(RETRY_S) if code == 503 else None)


def test_without_a_broker_nothing_is_taken(folder: Path) -> None:
    with rig(folder, welcomed=False) as running:
        found = post_images(running.url, JPEG)
    assert found.code == 503
    assert found.headers["Retry-After"] == str(RETRY_S)
    assert "python -m common.broker" in error(found)


def test_answer_that_does_not_come_is_a_gateway_timeout(
    running: Rig, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.uploads.analyzer.IMAGE_LIMIT_S", 2.0)
    waited = upload(JPEG)
    message = asked(running)
    found = reply(running, waited)
    assert found.code == 504
    assert "0.jpg: not done" in error(found)
    running.broker.send(answer_to(message))  # too late, and for nobody
    running.stage.step()
    assert running.stage.requests.unsent() == []


@other_addresses
def test_no_more_uploads_are_taken_at_once_than_the_limit(running: Rig, upload: Upload) -> None:
    waiting = [upload(JPEG, client=f"127.0.0.{2 + at}") for at in range(MAX_UPLOADS)]
    messages = [asked(running) for _ in waiting]
    found = reply(running, upload(JPEG))
    assert found.code == 503
    assert found.headers["Retry-After"] == str(RETRY_S)
    for message in messages:
        running.broker.send(answer_to(message))
    assert [reply(running, waited).code for waited in waiting] == [200] * MAX_UPLOADS
    last = upload(JPEG)
    running.broker.send(answer_to(asked(running)))
    assert reply(running, last).code == 200


@other_addresses
def test_one_client_leaves_places_to_others(running: Rig, upload: Upload) -> None:
    waiting = [upload(JPEG) for _ in range(MAX_UPLOADS_EACH)]
    messages = [asked(running) for _ in waiting]
    refused = reply(running, upload(JPEG))
    assert (refused.code, refused.headers["Retry-After"]) == (503, str(RETRY_S))
    assert f"{MAX_UPLOADS_EACH} of yours" in error(refused)
    waiting.append(upload(JPEG, client="127.0.0.2"))
    for message in [*messages, asked(running)]:
        running.broker.send(answer_to(message))
    assert [reply(running, waited).code for waited in waiting] == [200] * len(waiting)


@other_addresses
def test_beside_bombs_the_images_of_others_are_answered(running: Rig, upload: Upload) -> None:
    bomb = hostile_images.jpeg_of_many_scans(side=4000)
    bombs = [upload(bomb) for _ in range(MAX_UPLOADS_EACH)]
    for _ in range(3):
        waited = upload(JPEG, client="127.0.0.2")
        running.broker.send(answer_to(asked(running)))
        assert reply(running, waited).code == 200
    assert not all(waited.done() for waited in bombs)
    codes = {reply(running, waited).code for waited in bombs}
    assert codes <= {400, 504}  # its processor time was up, or the time that a client waits


def test_image_that_crashes_decoders_is_answered_and_the_publisher_lives(
    running: Rig, upload: Upload
) -> None:
    waited = upload(hostile_images.animated_png_with_an_unknown_filter())
    running.broker.send(answer_to(asked(running)))
    assert reply(running, waited).code == 200  # the first picture, which is whole
    assert reply(running, upload(hostile_images.png_that_claims_four_gigabytes())).code == 400


def test_refused_upload_gives_its_place_back(running: Rig) -> None:
    for _ in range(MAX_UPLOADS + 1):
        assert post_images(running.url, b"hello").code == 400


def test_broker_that_was_restarted_is_asked_again(running: Rig, upload: Upload) -> None:
    waited = upload(JPEG)
    first = asked(running)
    running.broker.send(WhoAreYou())
    running.until(lambda: running.broker.receive(PublisherHello), "hello")
    running.broker.send(Welcome(0))
    again = asked(running)
    assert again == first
    running.broker.send(answer_to(again, (FACE, SAD)))
    assert b'"sad"' in reply(running, waited).body


def test_ending_publisher_tells_who_waits(running: Rig, upload: Upload) -> None:
    waited = upload(JPEG)
    asked(running)
    running.stage.requests.close()
    found = waited.result(PATIENCE_S)
    assert found.code == 503
    assert "ending" in error(found)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another port of this machine
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_page_of_another_site_cannot_upload(running: Rig, headers: dict[str, str]) -> None:
    found = post_images(running.url, JPEG, **headers)
    assert found.code == 403
    assert running.stage.requests.unsent() == []


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": ""}, {}])
def test_own_page_and_programs_can_upload(
    running: Rig, upload: Upload, headers: dict[str, Any]
) -> None:
    headers = {name: value or running.url for name, value in headers.items()}
    waited = upload(JPEG, **headers)
    running.broker.send(answer_to(asked(running)))
    assert reply(running, waited).code == 200


def test_upload_is_in_no_record_and_on_no_page(folder: Path) -> None:
    path = folder / "faces.csv"
    with rig(folder, results=path) as running, ThreadPoolExecutor(1) as pool:
        waited = pool.submit(post_images, running.url, JPEG)
        running.broker.send(answer_to(asked(running), (FACE, HAPPY)))
        assert reply(running, waited).code == 200
        assert running.stage.live.board.view().cameras == ()
        assert running.stage.live.board.notices() == {}
    assert not path.exists()
