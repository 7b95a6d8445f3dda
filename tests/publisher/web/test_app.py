"""Page, API and single pictures over HTTP."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from msgspec import structs

from common.contract import Role
from common.messages import PeerStatus, Restarts
from publisher.drawing.palette import NOT_JUDGED, UNKNOWN
from publisher.faces import TURNED_AWAY
from tests.publisher.asking import ask_for_head, get, get_json
from tests.publisher.material import (
    FACE,
    HAPPY,
    Rig,
    camera_status,
    frame,
    meanwhile,
    pipeline,
    result,
    rig,
)
from tests.publisher.uploading import decoded
from tests.support.waiting import eventually

ODD_NAME = '/dev/küche "2"?#%&'


@pytest.fixture
def running(running: Rig) -> Rig:
    running.report(pipeline(camera_status(), camera_status(ODD_NAME)))
    return running


def test_the_page_loads_nothing_from_elsewhere(running: Rig) -> None:
    code, headers, body = get(running, "/")
    assert code == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Server"] == "ferstream"
    for name in ("page.js", "page.css", "icon.svg", "faces.js", "health.js"):
        assert get(running, f"/static/{name}")[0] == 200
    for linked in (b"page.js", b"page.css", b"icon.svg"):
        assert b'"static/' + linked in body
    assert b"://" not in body
    assert b"apparent" in body


def test_the_page_has_the_colours_of_the_pictures(running: Rig) -> None:
    _, _, script = get(running, "/static/colours.js")
    assert f'{{ "{TURNED_AWAY}": "{NOT_JUDGED}" }}' in script.decode()
    assert f'UNKNOWN_COLOUR = "{UNKNOWN}"' in script.decode()


def test_the_status_holds_the_ledger_and_the_faces(running: Rig) -> None:
    for frame_id in range(1, 4):
        running.publish(result(frame(frame_id), [(FACE, HAPPY), ((1, 2, 30, 30), None)]))
    code, status = get_json(running, "/api/status")
    assert code == 200
    assert (status["ready"], status["problems"], status["viewers"]) == (True, [], 0)
    cam, odd = status["cameras"]
    assert cam["captured"] == (
        cam["published"] + cam["dropped_total"] + cam["failed"] + cam["in_flight"]
    )
    assert cam["dropped"] == {"superseded": 2}
    assert 0 <= cam["age_ms"]["p50"] <= cam["age_ms"]["p95"] < 10_000
    face, late = cam["newest"]["faces"]
    assert face["box"] == {"x": 40, "y": 30, "w": 60, "h": 60}
    assert (face["label"], face["track_id"], face["reused"]) == ("happy", 1, False)
    assert face["probabilities"]["happy"] == pytest.approx(0.9)
    assert late["reused"]
    assert {late[field] for field in ("label", "confidence", "smoothed", "probabilities")} == {None}
    assert odd["camera"] == ODD_NAME
    assert status["results"] == {"state": "off", "path": None, "records": 0, "reason": ""}


def test_workers_are_listed_by_role_with_their_rate(running: Rig) -> None:
    running.report(pipeline(camera_status(), done=1))
    running.report(pipeline(camera_status(), done=100))
    (detector,) = get_json(running, "/api/status")[1]["workers"]["detector"]
    assert (detector["name"], detector["done"]) == ("detector-1", 100)
    assert detector["rate"] > 0


def test_restarts_are_told_with_the_reason(running: Rig) -> None:
    restarts = Restarts(2, "did not answer for 3 s")
    told = {"restarts": 2, "restart_reason": "did not answer for 3 s"}
    never = {"restarts": 0, "restart_reason": None}
    quiet = pipeline(camera_status(), roles=[Role.CLASSIFIER])
    peer = PeerStatus(Role.DETECTOR, "d", 1, 1.0, 0, restarts)
    running.report(structs.replace(quiet, peers=(*quiet.peers, peer), restarts=restarts))
    status = get_json(running, "/api/status")[1]
    assert status["broker"].items() >= told.items()
    assert status["workers"]["detector"][0].items() >= told.items()
    assert status["workers"]["classifier"][0].items() >= never.items()


def test_ready_is_ready_and_otherwise_says_why(running: Rig) -> None:
    assert get_json(running, "/readyz") == (200, {"ready": True, "reasons": []})
    running.report(pipeline(camera_status(), roles=[Role.DETECTOR]))
    code, answer = get_json(running, "/readyz")
    assert code == 503
    assert answer["reasons"] == ["no classifier is running: start one with python -m classifier"]


def test_without_a_broker_it_lives_but_is_not_ready(folder: Path) -> None:
    with rig(folder, welcomed=False) as running:
        running.stage.step()
        assert get_json(running, "/healthz") == (200, {"alive": True})
        assert get_json(running, "/readyz")[0] == 503


def test_a_stage_that_is_stuck_is_not_healthy(
    running: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.live.board.ALIVE_S", 0.0)
    assert get_json(running, "/healthz") == (503, {"alive": False})
    code, answer = get_json(running, "/readyz")
    assert (code, answer["reasons"]) == (503, ["the publisher is stuck"])
    assert get_json(running, "/api/status")[1]["ready"] is False


@pytest.mark.parametrize("camera", ["cam", ODD_NAME])
def test_a_snapshot_needs_no_viewer(running: Rig, camera: str) -> None:
    running.publish_next(camera)
    with meanwhile(lambda: running.publish_next(camera)):
        code, headers, jpeg = get(running, f"/snapshot/{quote(camera, safe='')}.jpg")
    assert (code, headers["Content-Type"], headers["Cache-Control"]) == (
        200,
        "image/jpeg",
        "no-store",
    )
    assert decoded(jpeg).shape == (120, 160, 3)
    assert running.stage.live.hub.viewers == 0


def test_after_the_end_of_the_source_the_last_picture_is_there(running: Rig) -> None:
    running.publish_next()
    running.report(pipeline(camera_status(online=False, ended=True)))
    assert get(running, "/snapshot/cam.jpg")[0] == 200


@pytest.mark.parametrize("path", ["/video_feed", "/events"])
def test_asking_for_the_head_of_a_stream_takes_no_place(running: Rig, path: str) -> None:
    assert [ask_for_head(running, path) for _ in range(10)] == [200] * 10
    live = running.stage.live
    eventually(lambda: not live.hub.viewers and not live.events.readers, "nobody")


def test_a_camera_without_a_picture_has_no_snapshot_yet(running: Rig) -> None:
    code, headers, _ = get(running, "/snapshot/cam.jpg")
    assert (code, headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize("path", ["/video_feed/nobody", "/snapshot/nobody.jpg", "/nothing"])
def test_what_is_not_there_is_404_in_plain_words(running: Rig, path: str) -> None:
    code, headers, body = get(running, path)
    assert code == 404
    assert headers["Content-Type"].startswith("text/plain")
    if "nobody" in path:
        assert b"known are: cam" in body


def test_another_sites_name_for_this_machine_is_refused(running: Rig) -> None:
    assert get(running, "/api/status", Host="evil.example")[0] == 400
    assert get(running, "/api/status", Host="localhost:5000")[0] == 200
