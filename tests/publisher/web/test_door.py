"""Who is let in beyond loopback: attacked over real sockets."""

from __future__ import annotations

import logging
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from publisher.web.tokens import Right, made_tokens
from publisher.web.tries import MAX_TRIES
from tests.publisher.asking import Reply, get
from tests.publisher.material import Rig, camera_status, pipeline, rig
from tests.publisher.uploading import post_images

LOOK, DO = "look-look-look-look", "do_do_do_do_do_do_do"
EVERYWHERE = "0.0.0.0"  # noqa: S104
PROBES = ("/healthz", "/readyz", "/metrics")
SHOWING = (
    *("/", "/video_feed", "/video_feed/cam", "/snapshot/cam.jpg", "/events", "/api/status"),
    *("/api/history", "/openapi.json", *PROBES, "/nothing", "/api/analyze"),
)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


IPV6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token_file(folder: Path) -> Path:
    path = folder / "tokens"
    path.write_text(f"viewer {LOOK}\noperator {DO}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def running(folder: Path) -> Iterator[Rig]:
    """A publisher that every machine can reach, through one of its addresses."""
    with rig(folder, host=EVERYWHERE, token_file=token_file(folder)) as made:
        made.report(pipeline(camera_status()))
        yield made


def asked_in_the_raw(running: Rig, request: str) -> str:
    """Send what no library would, or read what none shows; return all that comes back."""
    with socket.create_connection(("127.0.0.1", running.server.port), 30) as client:
        client.sendall(request.replace("\n", "\r\n").encode("latin-1"))
        return b"".join(iter(lambda: client.recv(65536), b"")).decode("latin-1")


def signed_in(running: Rig, token: str) -> str:
    """Open the link that holds a token; return the cookie that is kept."""
    answer = asked_in_the_raw(running, f"GET /login?token={token} HTTP/1.0\n\n")
    assert answer.startswith("HTTP/1.0 303")
    found = re.search(r"Set-Cookie: ([^;]+);", answer)
    assert found, answer
    return found[1]


@pytest.mark.parametrize("path", SHOWING)
def test_without_a_token_nothing_is_shown(running: Rig, path: str) -> None:
    found = get(running, path)
    assert found.code == 401
    assert found.headers["WWW-Authenticate"].startswith("Bearer")
    assert b"Authorization: Bearer" in found.body


@pytest.mark.parametrize(
    "host", ["127.1", "localhost", pytest.param("::ffff:127.0.0.1", marks=IPV6)]
)
def test_on_loopback_however_spelled_no_token_is_asked_for(folder: Path, host: str) -> None:
    with rig(folder, host=host) as running:
        assert get(running, "/api/status").code == 200
        assert get(running, "/api/status", Host="evil.example").code == 400
        assert running.entry.invitation == (f"watch at {running.server.url}",)


@pytest.mark.parametrize("host", [EVERYWHERE, "0", pytest.param("::", marks=IPV6)])
def test_beyond_loopback_however_spelled_it_is(folder: Path, host: str) -> None:
    with rig(folder, host=host) as running:
        assert get(running, "/api/status").code == 401
        assert get(running, "/api/status", Host="evil.example").code == 400


@pytest.mark.parametrize("token", [LOOK, DO])
def test_both_tokens_show_everything_that_only_looks(running: Rig, token: str) -> None:
    for path in ("/", "/api/status", "/api/history", "/openapi.json", "/healthz", "/metrics"):
        assert get(running, path, **bearer(token)).code == 200
        assert get(running, path, Cookie=signed_in(running, token)).code == 200


def test_only_an_operator_uploads(running: Rig) -> None:
    picture = b"no picture"
    for credentials in (bearer(LOOK), {"Cookie": signed_in(running, LOOK)}):
        found = post_images(running.url, picture, **credentials)
        assert (found.code, found.headers["Content-Type"]) == (403, "application/json")
    for credentials in (bearer(DO), {"Cookie": signed_in(running, DO)}):
        assert post_images(running.url, picture, **credentials).code == 400
    assert post_images(running.url, picture).code == 401


def test_link_leads_away_from_its_token_at_once(running: Rig) -> None:
    answer = asked_in_the_raw(running, f"GET /login?token={LOOK} HTTP/1.0\n\n")
    head, _, body = answer.partition("\r\n\r\n")
    assert re.search(r"^Location: /\r$", head, re.MULTILINE)
    cookie = re.search(r"Set-Cookie: (.*)\r", head)
    assert cookie
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie[1].split("; "))
    assert "Secure" not in cookie[1]
    assert "Cache-Control: no-store" in head
    assert LOOK not in head + body


def test_with_https_the_cookie_stays_encrypted(running: Rig) -> None:
    client = running.app.test_client()
    answer = client.get(f"/login?token={LOOK}", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_form_takes_a_token(running: Rig) -> None:
    body = f"token={DO}"
    answer = asked_in_the_raw(
        running,
        f"POST /login HTTP/1.0\nContent-Type: application/x-www-form-urlencoded\n"
        f"Content-Length: {len(body)}\n\n{body}",
    )
    assert answer.startswith("HTTP/1.0 303")
    assert "Set-Cookie: ferstream-" in answer


def test_who_is_signed_in_is_not_asked_again(running: Rig) -> None:
    found = get(running, "/login", Cookie=signed_in(running, LOOK))
    assert found.code == 200
    assert b"apparent" in found.body
    assert b'name="token"' not in found.body


def test_form_of_another_site_is_not_taken(running: Rig) -> None:
    answer = asked_in_the_raw(
        running,
        "POST /login HTTP/1.0\nContent-Length: 0\nHost: localhost\nOrigin: http://evil.example\n\n",
    )
    assert answer.startswith("HTTP/1.0 403")


def test_form_that_is_too_large_is_not_read(running: Rig) -> None:
    body = "token=" + "x" * 5000
    answer = asked_in_the_raw(
        running,
        f"POST /login HTTP/1.0\nContent-Type: application/x-www-form-urlencoded\n"
        f"Content-Length: {len(body)}\n\n{body}",
    )
    assert answer.startswith("HTTP/1.0 413")


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
def test_wrong_credentials_show_nothing(running: Rig, credentials: dict[str, str]) -> None:
    assert get(running, "/api/status", **credentials).code == 401


def wrong_link(running: Rig) -> Reply:
    return get(running, "/login?token=wrong-wrong-wrong")


def wrong_bearer(running: Rig) -> Reply:
    return get(running, "/api/status", **bearer("wrong-wrong-wrong"))


@pytest.mark.parametrize("fail", [wrong_link, wrong_bearer])
def test_who_tries_too_often_has_to_wait(running: Rig, fail: Any) -> None:
    cookie = signed_in(running, LOOK)
    assert [fail(running).code for _ in range(MAX_TRIES)] == [401] * MAX_TRIES
    found = fail(running)
    assert found.code == 429
    assert 0 < int(found.headers["Retry-After"]) <= 60
    assert get(running, "/api/status", **bearer(LOOK)).code == 429  # nor is the right one looked at
    assert get(running, f"/login?token={LOOK}").code == 429
    assert get(running, "/api/status", Cookie=cookie).code == 200


def test_clients_of_a_proxy_on_this_machine_are_told_apart(running: Rig) -> None:
    """The last address is what the proxy itself has seen; what stands before is the client's."""
    forged = {"X-Forwarded-For": "10.9.9.9, 10.0.0.1", **bearer("wrong-wrong-wrong")}
    codes = [get(running, "/api/status", **forged).code for _ in range(MAX_TRIES + 1)]
    assert codes[-2:] == [401, 429]
    other = {"X-Forwarded-For": "10.0.0.2", **bearer(LOOK)}
    assert get(running, "/api/status", **other).code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="there is one address of loopback")
def test_only_a_proxy_on_this_machine_says_for_whom_it_asks(running: Rig) -> None:
    for number in range(MAX_TRIES + 1):
        with socket.socket() as client:
            client.bind(("127.0.0.2", 0))
            client.connect(("127.0.0.1", running.server.port))
            client.sendall(
                f"GET /login?token=wrong HTTP/1.0\r\nX-Forwarded-For: 10.0.0.{number}\r\n"
                "X-Forwarded-Proto: https\r\n\r\n".encode()
            )
            answer = b"".join(iter(lambda: client.recv(65536), b""))
            assert b"Strict-Transport-Security" not in answer
    assert answer.startswith(b"HTTP/1.0 429")


def test_behind_a_proxy_with_https_the_cookie_stays_encrypted(running: Rig) -> None:
    answer = asked_in_the_raw(
        running,
        f"GET /login?token={LOOK} HTTP/1.0\nX-Forwarded-For: 10.0.0.1\n"
        "X-Forwarded-Proto: https\n\n",
    )
    assert re.search(r"Set-Cookie: .*; Secure;", answer)
    assert "Strict-Transport-Security" in answer


def test_cookie_of_an_earlier_run_is_no_wrong_try(running: Rig) -> None:
    for _ in range(MAX_TRIES + 1):
        assert get(running, "/api/status", Cookie=f"ferstream-5000={'x' * 43}").code == 401
    assert get(running, "/api/status", **bearer(LOOK)).code == 200


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


def test_tokens_are_never_logged(running: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "wrong-wrong-wrong"
    for path in (f"/login?token={LOOK}", f"/login?token={wrong}", f"/?token={wrong}"):
        get(running, path)
    get(running, "/api/status", **bearer(wrong))
    running.app.view_functions["data.status"] = lambda: str(1 / 0)
    assert get(running, f"/api/status?token={LOOK}", **bearer(DO)).code == 500
    assert "ZeroDivisionError" in caplog.text
    for token in (LOOK, DO, wrong):
        assert token not in caplog.text


def test_no_other_site_may_read(running: Rig) -> None:
    headers = {"Origin": "http://evil.example", **bearer(LOOK)}
    for method in ("GET", "OPTIONS"):
        found = asked_in_the_raw(
            running,
            f"{method} /api/status HTTP/1.0\nHost: localhost\n"
            + "".join(f"{name}: {value}\n" for name, value in headers.items())
            + "Access-Control-Request-Method: POST\n\n",
        )
        assert found.startswith("HTTP/1.0 200")
        assert "access-control" not in found.lower()


@pytest.mark.parametrize("path", ["/", "/api/status", "/static/page.css", "/nothing", "/login"])
def test_every_answer_has_the_headers_that_protect_it(running: Rig, path: str) -> None:
    for headers in ({}, bearer(LOOK)):
        found = get(running, path, **headers).headers
        policy = found["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert found["X-Content-Type-Options"] == "nosniff"
        assert found["X-Frame-Options"] == "DENY"
        assert found["Referrer-Policy"] == "same-origin"
        assert found["Cross-Origin-Resource-Policy"] == "same-site"
        assert "camera=()" in found["Permissions-Policy"]
        assert found["Server"] == "ferstream"
        assert found["Strict-Transport-Security"] is None  # plain http
        assert (found["Cache-Control"] == "no-store") is not path.startswith("/static")


def test_browser_is_led_to_the_form(running: Rig) -> None:
    found = get(running, "/", Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert found.code == 401
    assert b'content="0; url=/login"' in found.body
    form = get(running, "/login", Accept="text/html")
    assert form.code == 200
    assert b'<form method="post" action="/login">' in form.body


def test_form_is_not_shown_under_a_foreign_name(running: Rig) -> None:
    found = get(running, "/login", Accept="text/html", Host="evil.example")
    assert found.code == 400
    assert b"<form" not in found.body


def test_second_host_header_is_not_overlooked(running: Rig) -> None:
    answer = asked_in_the_raw(
        running, "GET /login HTTP/1.0\nHost: localhost\nHost: evil.example\n\n"
    )
    assert answer.startswith("HTTP/1.0 400")


def test_form_says_what_was_wrong_in_words_of_its_own(running: Rig) -> None:
    found = get(running, "/login?token=%3Cscript%3E%3C/script%3E", Accept="text/html")
    assert found.code == 401
    assert b"There is no such token here." in found.body
    assert b"<script>" not in found.body
