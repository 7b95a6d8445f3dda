"""Tokens cannot be guessed: who tries too often has to wait."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable

import pytest

from publisher.web.tries import MAX_TRIES
from tests.publisher.asking import Reply, get
from tests.publisher.guarded import LOOK, WRONG, bearer, signed_in
from tests.publisher.material import Rig

WINDOW_S = 10_000


@pytest.fixture(autouse=True)
def _long_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make sure that no window ends during a test, however busy the machine is."""
    monkeypatch.setattr("publisher.web.tries.WINDOW_S", WINDOW_S)


def wrong_link(guarded: Rig) -> Reply:
    return get(guarded, f"/login?token={WRONG}")


def wrong_bearer(guarded: Rig) -> Reply:
    return get(guarded, "/api/status", **bearer(WRONG))


@pytest.mark.parametrize("fail", [wrong_link, wrong_bearer])
def test_who_tries_too_often_has_to_wait(guarded: Rig, fail: Callable[[Rig], Reply]) -> None:
    cookie = signed_in(guarded, LOOK)
    assert [fail(guarded).code for _ in range(MAX_TRIES)] == [401] * MAX_TRIES
    found = fail(guarded)
    assert found.code == 429
    assert 0 < int(found.headers["Retry-After"]) <= WINDOW_S
    assert get(guarded, "/api/status", **bearer(LOOK)).code == 429  # nor is the right one looked at
    assert get(guarded, f"/login?token={LOOK}").code == 429
    assert get(guarded, "/api/status", Cookie=cookie).code == 200


def test_clients_of_a_proxy_on_this_machine_are_told_apart(guarded: Rig) -> None:
    """The last address is what the proxy itself has seen; what stands before is the client's."""
    forged = {"X-Forwarded-For": "10.9.9.9, 10.0.0.1", **bearer(WRONG)}
    codes = [get(guarded, "/api/status", **forged).code for _ in range(MAX_TRIES + 1)]
    assert codes[-2:] == [401, 429]
    other = {"X-Forwarded-For": "10.0.0.2", **bearer(LOOK)}
    assert get(guarded, "/api/status", **other).code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="there is one address of loopback")
def test_only_a_proxy_on_this_machine_says_for_whom_it_asks(guarded: Rig) -> None:
    for number in range(MAX_TRIES + 1):
        with socket.socket() as client:
            client.bind(("127.0.0.2", 0))
            client.connect(("127.0.0.1", guarded.server.port))
            client.sendall(
                f"GET /login?token=wrong HTTP/1.0\r\nX-Forwarded-For: 10.0.0.{number}\r\n"
                "X-Forwarded-Proto: https\r\n\r\n".encode()
            )
            answer = b"".join(iter(lambda: client.recv(65536), b""))
            assert b"Strict-Transport-Security" not in answer
    assert answer.startswith(b"HTTP/1.0 429")


def test_cookie_of_an_earlier_run_is_no_wrong_try(guarded: Rig) -> None:
    for _ in range(MAX_TRIES + 1):
        assert get(guarded, "/api/status", Cookie=f"ferstream-5000={'x' * 43}").code == 401
    assert get(guarded, "/api/status", **bearer(LOOK)).code == 200
