"""Lets in who may come in: looked at before every request."""

from __future__ import annotations

from flask import Flask, Request, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, Forbidden, TooManyRequests, Unauthorized

from publisher.web.entry import SIGN_IN_PATH, Entry
from publisher.web.tokens import Right
from publisher.web.tries import FailedTries

OPEN_ENDPOINTS = ("static", "login.form", "login.sign_in")
"""Show nobody, and are needed by who has no session yet."""
PROBES = ("pages.healthz", "pages.readyz", "data.metrics")
MAX_SHOWN = 100
"""Letters of a foreign name that are repeated in the refusal."""
LOOKING = ("GET", "HEAD", "OPTIONS")
CHALLENGE = WWWAuthenticate("bearer", {"realm": "ferstream"})


class Door:
    """Knows who may come in, and who has tried too often.

    Args:
        entry: How to come in.
        probes_are_open: Whether health and metrics are told to everybody.
        port: Where the server listens: a browser keeps one session for each port of a machine.
    """

    def __init__(self, entry: Entry, *, probes_are_open: bool, port: int) -> None:
        self._entry = entry
        self._tries = FailedTries()
        self._open = OPEN_ENDPOINTS + (PROBES if probes_are_open else ())
        self.cookie = f"ferstream-{port}"

    @property
    def asks_for_tokens(self) -> bool:
        """Whether there are tokens at all."""
        return self._entry.tokens is not None

    def guard(self, app: Flask) -> None:
        """Look at every request to an application before anything else does."""
        app.before_request(self._look_at_request)

    def has_session(self, request: Request) -> bool:
        """Return whether a browser has signed in."""
        return self._right_of_session(request) is not None

    def sign_in(self, request: Request, token: str) -> str:
        """Return the session that a token opens.

        Raises:
            Unauthorized: There is no such token.
            TooManyRequests: This address has tried wrong ones too often.
        """
        address = request.remote_addr or ""
        wait_s = self._tries.wait_s(address)
        if wait_s:
            raise TooManyRequests(
                f"Too many wrong tokens came from {address}; try again in {wait_s} s.",
                retry_after=wait_s,
            )
        session = None if self._entry.tokens is None else self._entry.tokens.sign_in(token)
        if session is None:
            self._tries.note_failure(address)
            raise Unauthorized("There is no such token here.", www_authenticate=CHALLENGE)
        return session

    def _look_at_request(self) -> None:
        """Refuse a request that may not come in.

        Raises:
            BadRequest: It is for another host.
            Unauthorized: It comes without a token, or with a wrong one.
            TooManyRequests: This address has tried wrong tokens too often.
            Forbidden: Its token does not allow that.
        """
        host = request.headers.get("Host", "")
        if not self._entry.hosts.allow(host):
            raise BadRequest(
                f"This server does not go by the name {host[:MAX_SHOWN]!r}. If it should, add the "
                "name to PUBLISHER_HOSTS."
            )
        if self._entry.tokens is None or request.endpoint in self._open:
            return
        right = self._right_of(request)
        if right is None:
            raise Unauthorized(
                f"A token is needed: open {SIGN_IN_PATH} in a browser, or send the header "
                "'Authorization: Bearer TOKEN'.",
                www_authenticate=CHALLENGE,
            )
        if request.method not in LOOKING and right is not Right.OPERATOR:
            raise Forbidden("A viewer's token only lets look; this takes an operator's.")

    def _right_of(self, request: Request) -> Right | None:
        given = request.authorization
        if given is not None and given.type == "bearer":
            return self._right(self.sign_in(request, given.token or ""))
        return self._right_of_session(request)

    def _right_of_session(self, request: Request) -> Right | None:
        return self._right(request.cookies.get(self.cookie, ""))

    def _right(self, session: str) -> Right | None:
        return None if self._entry.tokens is None else self._entry.tokens.right_of(session)
