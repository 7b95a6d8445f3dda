"""Errors as they are shown: to programs as JSON, to people as text or the form for a token."""

from __future__ import annotations

from flask import Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import (
    Forbidden,
    HTTPException,
    RequestEntityTooLarge,
    TooManyRequests,
    Unauthorized,
)

from publisher.web.entry import SIGN_IN_PATH

OF_THE_FORM = (Forbidden, RequestEntityTooLarge, TooManyRequests, Unauthorized)
"""Trouble with what the form has sent, which it shows itself."""


def show_error(error: HTTPException) -> Response:
    """Return the answer that shows an error."""
    response = _words(error)
    response.status_code = error.code or 500
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _words(error: HTTPException) -> Response:
    description = error.description or error.name
    if request.path.startswith("/api/"):
        return jsonify(error=description)
    if request.path == SIGN_IN_PATH and isinstance(error, OF_THE_FORM):
        return make_response(render_template("login.html", trouble=description))
    if isinstance(error, Unauthorized) and _asks_for_html():
        up = "../" * (request.path.count("/") - 1)
        return make_response(render_template("to_login.html", up=up))
    return Response(
        f"{error.code} {error.name}\n\n{description}\n", content_type="text/plain; charset=utf-8"
    )


def _asks_for_html() -> bool:
    """Return whether a browser wants to show the answer; programs take anything."""
    return request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html"
