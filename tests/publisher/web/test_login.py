"""The link and the form by which a browser signs in."""

from __future__ import annotations

import re

from tests.publisher.asking import get
from tests.publisher.guarded import (
    DO,
    LOOK,
    asked_in_the_raw,
    signed_in,
)
from tests.publisher.material import Rig


def test_link_leads_away_from_its_token_at_once(guarded: Rig) -> None:
    answer = asked_in_the_raw(guarded, f"GET /login?token={LOOK} HTTP/1.0\n\n")
    head, _, body = answer.partition("\r\n\r\n")
    assert re.search(r"^Location: \./\r$", head, re.MULTILINE)
    cookie = re.search(r"Set-Cookie: (.*)\r", head)
    assert cookie
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie[1].split("; "))
    assert "Secure" not in cookie[1]
    assert "Cache-Control: no-store" in head
    assert LOOK not in head + body


def test_with_https_the_cookie_stays_encrypted(guarded: Rig) -> None:
    client = guarded.app.test_client()
    answer = client.get(f"/login?token={LOOK}", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_behind_a_proxy_with_https_the_cookie_stays_encrypted(guarded: Rig) -> None:
    answer = asked_in_the_raw(
        guarded,
        f"GET /login?token={LOOK} HTTP/1.0\nX-Forwarded-For: 10.0.0.1\n"
        "X-Forwarded-Proto: https\n\n",
    )
    assert re.search(r"Set-Cookie: .*; Secure;", answer)
    assert "Strict-Transport-Security" in answer


def test_form_takes_a_token(guarded: Rig) -> None:
    body = f"token={DO}"
    answer = asked_in_the_raw(
        guarded,
        f"POST /login HTTP/1.0\nContent-Type: application/x-www-form-urlencoded\n"
        f"Content-Length: {len(body)}\n\n{body}",
    )
    assert answer.startswith("HTTP/1.0 303")
    assert "Set-Cookie: ferstream-" in answer


def test_who_is_signed_in_is_not_asked_again(guarded: Rig) -> None:
    found = get(guarded, "/login", Cookie=signed_in(guarded, LOOK))
    assert found.code == 200
    assert b"apparent" in found.body
    assert b'name="token"' not in found.body


def test_form_of_another_site_is_not_taken(guarded: Rig) -> None:
    answer = asked_in_the_raw(
        guarded,
        "POST /login HTTP/1.0\nContent-Length: 0\nHost: localhost\nOrigin: http://evil.example\n\n",
    )
    assert answer.startswith("HTTP/1.0 403")


def test_form_that_is_too_large_is_not_read(guarded: Rig) -> None:
    body = "token=" + "x" * 5000
    answer = asked_in_the_raw(
        guarded,
        f"POST /login HTTP/1.0\nContent-Type: application/x-www-form-urlencoded\n"
        f"Content-Length: {len(body)}\n\n{body}",
    )
    assert answer.startswith("HTTP/1.0 413")


def test_browser_is_led_to_the_form(guarded: Rig) -> None:
    found = get(guarded, "/", Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert found.code == 401
    assert b'content="0; url=login"' in found.body
    form = get(guarded, "/login", Accept="text/html")
    assert form.code == 200
    assert b'<form method="post" action="login">' in form.body


def test_browser_is_led_to_the_form_from_wherever_it_is(guarded: Rig) -> None:
    """As seen from there: a proxy may have put a folder before all addresses."""
    found = get(guarded, "/snapshot/cam.jpg", Accept="text/html,*/*;q=0.8")
    assert b'content="0; url=../login"' in found.body


def test_form_is_not_shown_under_a_foreign_name(guarded: Rig) -> None:
    found = get(guarded, "/login", Accept="text/html", Host="evil.example")
    assert found.code == 400
    assert b"<form" not in found.body


def test_form_says_what_was_wrong_in_words_of_its_own(guarded: Rig) -> None:
    found = get(guarded, "/login?token=%3Cscript%3E%3C/script%3E", Accept="text/html")
    assert found.code == 401
    assert b"There is no such token here." in found.body
    assert b"<script>" not in found.body
