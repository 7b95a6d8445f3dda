"""The form for a token, and the link that holds one."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from publisher.web.door import Door
from publisher.web.entry import SIGN_IN_PATH
from publisher.web.refusals import refuse_other_sites

FIELD = "token"
MAX_BODY_BYTES = 4096


def login(door: Door) -> Blueprint:
    """Return the routes by which a browser changes a token for a session."""
    routes = Blueprint("login", __name__)

    @routes.get(SIGN_IN_PATH)
    def form() -> Response:
        token = request.args.get(FIELD)
        if token is not None:
            return _signed_in(door, token)
        if not door.asks_for_tokens or door.has_session(request):
            return _to_the_page()
        return make_response(render_template("login.html", trouble=""))

    @routes.post(SIGN_IN_PATH)
    def sign_in() -> Response:
        refuse_other_sites(request)
        request.max_content_length = MAX_BODY_BYTES
        return _signed_in(door, request.form.get(FIELD, "").strip())

    return routes


def _signed_in(door: Door, token: str) -> Response:
    """Keep the session in a cookie that no script and no page of another site can use."""
    response = _to_the_page()
    if door.asks_for_tokens:
        session = door.sign_in(request, token)
        response.set_cookie(
            door.cookie, session, httponly=True, samesite="Strict", secure=request.is_secure
        )
    return response


def _to_the_page() -> Response:
    """Go on at once to an address that holds no token.

    It is told as seen from here, as all addresses are that the page asks for: a proxy may have put
    a folder before them.
    """
    return redirect("./", 303)
