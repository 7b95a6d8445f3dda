"""Who is let in beyond loopback: attacked over real sockets."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from publisher.web.tokens import Right, made_tokens
from tests.publisher.asking import get
from tests.publisher.guarded import (
    DO,
    EVERYWHERE,
    LOOK,
    WRONG,
    asked_in_the_raw,
    bearer,
    signed_in,
    token_file,
)
from tests.publisher.material import Rig, camera_status, pipeline, rig
from tests.publisher.uploading import post_images
from tests.support.ipv6 import NEEDS_IPV6

PROBES = ("/healthz", "/readyz", "/metrics")
SHOWING = (
    *("/", "/video_feed", "/video_feed/cam", "/snapshot/cam.jpg", "/events", "/api/status"),
    *("/api/history", "/openapi.json", *PROBES, "/nothing", "/api/analyze"),
)


@pytest.mark.parametrize("path", SHOWING)
def test_without_a_token_nothing_is_shown(guarded: Rig, path: str) -> None:
    found = get(guarded, path)
    assert found.code == 401
    assert found.headers["WWW-Authenticate"].startswith("Bearer")
    assert b"Authorization: Bearer" in found.body


@pytest.mark.parametrize(
    "host", ["127.1", "localhost", pytest.param("::ffff:127.0.0.1", marks=NEEDS_IPV6)]
)
def test_on_loopback_however_spelled_no_token_is_asked_for(folder: Path, host: str) -> None:
    with rig(folder, host=host) as running:
        assert get(running, "/api/status").code == 200
        assert get(running, "/api/status", Host="evil.example").code == 400
        assert running.entry.invitation == (f"watch at {running.server.url}",)


@pytest.mark.parametrize("host", [EVERYWHERE, "0", pytest.param("::", marks=NEEDS_IPV6)])
def test_beyond_loopback_however_spelled_it_is(folder: Path, host: str) -> None:
    with rig(folder, host=host) as running:
        assert get(running, "/api/status").code == 401
        assert get(running, "/api/status", Host="evil.example").code == 400
        watch, *_ = running.entry.invitation
        assert watch == (
            f"watch at {running.server.url}: everybody on the network reaches this address, and is "
            "asked for a token"
        )


@pytest.mark.parametrize("token", [LOOK, DO])
def test_both_tokens_show_everything_that_only_looks(guarded: Rig, token: str) -> None:
    for path in ("/", "/api/status", "/api/history", "/openapi.json", "/healthz", "/metrics"):
        assert get(guarded, path, **bearer(token)).code == 200
        assert get(guarded, path, Cookie=signed_in(guarded, token)).code == 200


def test_only_an_operator_uploads(guarded: Rig) -> None:
    picture = b"no picture"
    for credentials in (bearer(LOOK), {"Cookie": signed_in(guarded, LOOK)}):
        found = post_images(guarded.url, picture, **credentials)
        assert (found.code, found.headers["Content-Type"]) == (403, "application/json")
    for credentials in (bearer(DO), {"Cookie": signed_in(guarded, DO)}):
        assert post_images(guarded.url, picture, **credentials).code == 400
    assert post_images(guarded.url, picture).code == 401


@pytest.mark.parametrize(
    "credentials",
    [
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {LOOK}x"},
        {"Authorization": f"Basic {LOOK}"},
        {"Authorization": "Bearer \xff\xfe"},
        {"Cookie": f"ferstream-5000={LOOK}"},  # a token is no session
        {"Cookie": "ferstream-5000=\xff"},
        {"Cookie": "ferstream-5000="},
    ],
)
def test_wrong_credentials_show_nothing(guarded: Rig, credentials: dict[str, str]) -> None:
    assert get(guarded, "/api/status", **credentials).code == 401


@pytest.mark.parametrize("path", PROBES)
def test_probes_can_be_open(folder: Path, path: str) -> None:
    with rig(folder, host=EVERYWHERE, probes="open") as running:
        running.report(pipeline(camera_status()))
        assert get(running, path).code == 200
        assert get(running, "/api/status").code == 401
        assert get(running, path, Host="evil.example").code == 400


def test_token_file_holds_on_loopback_too(folder: Path) -> None:
    with rig(folder, token_file=token_file(folder)) as running:
        assert get(running, "/api/status").code == 401
        assert get(running, "/api/status", **bearer(LOOK)).code == 200
        (line,) = running.entry.invitation
        assert str(folder / "tokens") in line
        assert LOOK not in line


def test_name_that_is_listed_is_answered(folder: Path) -> None:
    with rig(folder, hosts=("cam.example",)) as running:
        assert get(running, "/api/status", Host="cam.example").code == 200
        found = get(running, "/api/status", Host="evil.example")
        assert b"PUBLISHER_HOSTS" in found.body


def test_second_host_header_is_not_overlooked(guarded: Rig) -> None:
    answer = asked_in_the_raw(
        guarded, "GET /login HTTP/1.0\nHost: localhost\nHost: evil.example\n\n"
    )
    assert answer.startswith("HTTP/1.0 400")


def test_tokens_are_made_and_their_links_open(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = bytes(range(32))
    monkeypatch.setenv("FERSTREAM_PUBLISHER_SECRET", secret.hex())
    made = made_tokens(secret)
    with rig(folder, host=EVERYWHERE) as running:
        plain, look, do = running.entry.invitation
        for line, right in ((look, Right.VIEWER), (do, Right.OPERATOR)):
            assert line.endswith(f":{running.server.port}/login?token={made[right]}")
            assert made[right] not in plain
        session = signed_in(running, made[Right.OPERATOR])
    monkeypatch.setenv("FERSTREAM_PUBLISHER_SECRET", secret.hex())
    with rig(folder, host=EVERYWHERE) as running:  # which a supervisor has started again
        assert get(running, "/api/status", Cookie=session).code == 200


def test_tokens_of_two_pipelines_differ(folder: Path) -> None:
    with rig(folder, host=EVERYWHERE) as running:
        first = running.entry.invitation
    with rig(folder, host=EVERYWHERE) as running:
        assert not set(first[1:]) & set(running.entry.invitation[1:])


def test_tokens_are_never_logged(guarded: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for path in (f"/login?token={LOOK}", f"/login?token={WRONG}", f"/?token={WRONG}"):
        get(guarded, path)
    get(guarded, "/api/status", **bearer(WRONG))
    guarded.app.view_functions["data.status"] = lambda: str(1 / 0)
    assert get(guarded, f"/api/status?token={LOOK}", **bearer(DO)).code == 500
    assert "ZeroDivisionError" in caplog.text
    for token in (LOOK, DO, WRONG):
        assert token not in caplog.text
