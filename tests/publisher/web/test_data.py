"""The history over HTTP, and what it refuses."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from publisher.results.format import FIELDS
from publisher.web import data
from tests.publisher.asking import get, get_json
from tests.publisher.material import Rig, camera_status, frame, pipeline, result, rig


@pytest.fixture
def running(running: Rig) -> Rig:
    running.report(pipeline(camera_status("demo"), camera_status("offline")))
    return running


@pytest.mark.parametrize(
    "since", ["", "yesterday", "nan", "inf", "-inf", "1e999", "1,5", "0x10", "2026-11-22", "½"]
)
def test_a_since_that_is_no_number_of_seconds_is_refused_by_name(running: Rig, since: str) -> None:
    code, answer = get_json(running, f"/api/history?since={quote(since)}")
    assert code == 400
    assert str(answer["error"]).startswith(f"since={since}: expected seconds")


def test_the_history_can_be_asked_for_piece_by_piece(running: Rig) -> None:
    for frame_id in range(40):
        running.publish(result(frame(frame_id, "demo")))
        running.publish(result(frame(frame_id, "offline")))
    _, whole = get_json(running, "/api/history?camera=demo")
    samples = whole["samples"]
    assert 5 <= len(samples) <= 8
    assert {sample["camera"] for sample in samples} == {"demo"}
    _, rest = get_json(running, f"/api/history?camera=demo&since={samples[2]['at']}")
    assert rest["samples"] == samples[3:]
    assert get_json(running, f"/api/history?since={samples[-1]['at']}")[1]["samples"] == []


def test_the_history_is_given_as_the_records_of_its_samples(running: Rig) -> None:
    for frame_id in range(40):
        running.publish(result(frame(frame_id, "demo")))
        running.publish(result(frame(frame_id, "offline"), []))
    code, headers, body = get(running, "/api/history.csv?camera=demo")
    assert (code, headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert re.fullmatch(
        r"attachment; filename=ferstream-\d{8}T\d{6}Z\.csv", headers["Content-Disposition"]
    )
    head, *rows = csv.reader(io.StringIO(body.decode()))
    assert head == list(FIELDS)
    samples = get_json(running, "/api/history?camera=demo")[1]["samples"]
    assert [row[1] for row in rows] == [str(sample["frame_id"]) for sample in samples]
    at = head.index("label")
    assert [row[at] for row in rows] == [sample["faces"][0]["label"] for sample in samples]
    everyone = get(running, "/api/history.csv").body.decode().splitlines()
    assert sum(row.startswith("offline,") for row in everyone) >= 5
    assert get(running, "/api/history.csv?since=soon").code == 400


def test_a_history_for_which_there_is_no_room_is_to_be_asked_for_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "HISTORY_BYTES", 10)
    with rig(folder) as running:
        code, headers, body = get(running, "/api/history")
    assert (code, headers["Retry-After"]) == (503, "1")
    assert b"try again" in body


def test_an_unknown_camera_has_no_history(running: Rig) -> None:
    code, answer = get_json(running, "/api/history?camera=nobody")
    assert code == 404
    assert answer["error"] == "There is no camera 'nobody'; known are: demo, offline."
    assert get(running, "/api/history?camera=")[0] == 404
