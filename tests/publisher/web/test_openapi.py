"""The description is of this server, and the server does what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from common.contract import CAMERA_MODES, Role
from common.face_model import LABELS
from common.messages import PeerStatus, PipelineStatus
from publisher.as_json import POSE
from publisher.faces import TURNED_AWAY
from publisher.live.figures import FACE_FATES, PERCENTILES
from publisher.live.problems import ProblemKind
from publisher.tracking.smoothing import UNCERTAIN
from tests.publisher.asking import get_json
from tests.publisher.described import DESCRIPTION, assert_described
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
from tests.support.http_stream import EventStream

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = DESCRIPTION["components"]["schemas"]
ALL_CHECKS = ("--exclude-path-regex", r"^/(events|video_feed.*|api/analyze)$")
"""Streams have tests of their own: a tool that waits for the end of one waits for ever."""
ANSWERS_ONLY = (
    *("--include-path", "/api/analyze", "--checks"),
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance",
)
"""No schema says which bytes are an image, so the tool cannot know what is to be accepted."""
LATE_FACE = ((5, 5, 30, 30), None)
TURNED_FACE = ((100, 60, 30, 30), None)
POSES = ((0.0, 1.0, 2.0), (-179.9, -20.0, 33.3), (180.0, 80.0, -9.0))


@pytest.fixture
def running(folder: Path) -> Iterator[Rig]:
    with rig(folder, results=folder / "faces.csv", max_viewers=30) as made:
        offline = camera_status("offline", online=False, reason="unplugged")
        peers = [PeerStatus(role, f"{role}-1", 1, 1.0, 0) for role in Role]
        made.report(PipelineStatus(1.0, 0, (camera_status("demo"), offline), tuple(peers)))
        yield made


def publishing(running: Rig) -> AbstractContextManager[None]:
    """Publish frames with faces, one classified late and one turned away, in the background."""

    def publish() -> None:
        running.frames += 1
        made = frame(running.frames, "demo", ring=str(running.ring.path))
        faces = [(FACE, HAPPY), LATE_FACE, TURNED_FACE]
        away = (False, False, True)
        running.publish(result(made, faces, poses=POSES, turned_away=away))

    return meanwhile(publish)


def test_every_address_is_described_and_every_description_has_an_address(running: Rig) -> None:
    answered = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in running.app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.endpoint != "static" and method not in ("HEAD", "OPTIONS")
    }
    described = {
        (path, method)
        for path, operations in DESCRIPTION["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert answered == described


def test_the_description_is_served_as_it_is_in_the_file(running: Rig) -> None:
    assert get_json(running, "/openapi.json") == (200, DESCRIPTION)


def test_every_schema_is_one_and_used_somewhere() -> None:
    text = json.dumps(DESCRIPTION)
    for name, schema in SCHEMAS.items():
        jsonschema_rs.meta.validate(schema)
        used = f'"#/components/schemas/{name}"' in text
        assert used or name in ("Missed", "Told"), f"{name} is used nowhere"


def test_every_object_says_what_it_requires_and_that_it_has_nothing_else() -> None:
    for name, schema in SCHEMAS.items():
        if "object" in schema.get("type", ()) and "properties" in schema:
            assert schema["additionalProperties"] is False, name
            optional = schema["properties"].keys() - set(schema.get("required", ()))
            assert not optional or name in ("Stages", "Workers"), f"{name}: {optional}"


def test_names_and_values_are_those_of_the_code() -> None:
    for name in ("Probabilities", "Colours"):
        assert tuple(SCHEMAS[name]["properties"]) == LABELS
        assert tuple(SCHEMAS[name]["required"]) == LABELS
    assert SCHEMAS["Label"]["enum"] == [*LABELS, UNCERTAIN, TURNED_AWAY, None]
    for name in ("Face", "SampledFace", "AnalyzedFace"):
        assert tuple(SCHEMAS[name]["properties"])[-len(POSE) :] == POSE
    assert tuple(SCHEMAS["FaceCounts"]["properties"]) == FACE_FATES
    assert SCHEMAS["Camera"]["properties"]["mode"]["enum"] == [*CAMERA_MODES, None]
    assert SCHEMAS["Problem"]["properties"]["kind"]["enum"] == list(ProblemKind)
    names = [f"p{round(fraction * 100)}" for fraction in PERCENTILES]
    assert list(SCHEMAS["Percentiles"]["properties"]) == names
    (version,) = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    assert DESCRIPTION["info"]["version"] == version


@pytest.mark.timeout(400)
@pytest.mark.skipif(find_spec("schemathesis") is None, reason="schemathesis needs Python 3.11")
@pytest.mark.parametrize("scope", [ALL_CHECKS, ANSWERS_ONLY], ids=["all checks", "answers only"])
def test_the_server_stands_up_to_a_generated_test(
    running: Rig, tmp_path: Path, scope: tuple[str, ...]
) -> None:
    """Valid and invalid requests made from the description; every answer held against it."""
    command = f"run {running.url}/openapi.json --phases examples,coverage,fuzzing --seed 1"
    command += " --max-examples 10 --request-timeout 10 --continue-on-failure"
    command += " --suppress-health-check all"
    with publishing(running):
        tested = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", *command.split(), *scope],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=380,
            check=False,
        )
    assert tested.returncode == 0, tested.stdout[-5000:] + tested.stderr
    assert re.search(r"\b(\d{2,}) generated, \1 passed", tested.stdout), tested.stdout


def test_all_that_the_events_say_is_described(running: Rig) -> None:
    with publishing(running), EventStream(running.url, last_event_id="0-1") as stream:
        for name, schema in (("missed", "Missed"), ("frame", "Frame"), ("status", "Status")):
            assert_described(stream.expect(name).data, schema)
        for _ in range(20):
            frames = stream.expect("frame").data
            assert_described(frames, "Frame")
    assert {face["reused"] for face in frames["faces"]} == {True, False}
    assert frames["faces"][1]["label"] is None


def test_the_history_is_described_with_faces_in_it(running: Rig) -> None:
    with publishing(running):
        running_since = get_json(running, "/api/history?camera=demo&since=-60")[1]
        while len(running_since["samples"]) < 2:
            running_since = get_json(running, "/api/history?camera=demo&since=-1e9")[1]
    assert_described(running_since, "History")


def test_the_status_is_described_in_every_state(folder: Path) -> None:
    def check(running: Rig) -> dict[str, Any]:
        _, status = get_json(running, "/api/status")
        assert_described(status, "Status")
        assert_described(get_json(running, "/readyz")[1], "Readiness")
        return status

    with rig(folder, results=folder / "faces.jsonl", welcomed=False) as running:
        assert check(running)["broker"]["connected"] is False
        running.hello()
        running.report(pipeline())
        assert check(running)["cameras"] == []
        running.report(pipeline(camera_status(), camera_status("b", online=False, reason="gone")))
        assert check(running)["cameras"][0]["newest"] is None
        for frame_id in range(6):
            running.publish(result(frame(frame_id), [(FACE, HAPPY), LATE_FACE]))
        newest = check(running)["cameras"][0]["newest"]
        assert [face["label"] for face in newest["faces"]] == ["happy", None]
        running.report(pipeline(camera_status(ended=True, online=False)))
        assert check(running)["cameras"][0]["ended"] is True
