"""The application: its routes, and what holds for every address."""

from __future__ import annotations

import ipaddress

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from publisher.config import PublisherConfig
from publisher.live.live import Live
from publisher.uploads.analyzer import Analyzer
from publisher.uploads.pending import PendingImages
from publisher.web.analyze import analyze
from publisher.web.data import data
from publisher.web.pages import pages
from publisher.web.streams import streams

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Pages of other sites can neither show nor read what the camera sees.
    "Cross-Origin-Resource-Policy": "same-site",
}


class CameraConverter(BaseConverter):
    """A camera's name in an address: anything, also slashes at its beginning."""

    regex = ".+?"
    part_isolating = False


def create_app(live: Live, requests: PendingImages, config: PublisherConfig) -> Flask:
    """Make the application.

    Args:
        live: What the stage knows, and the pictures.
        requests: Takes uploaded images.
        config: The settings.
    """
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # expressions keep their order
    app.url_map.merge_slashes = False
    app.url_map.converters["camera"] = CameraConverter
    if _is_loopback(config.host):
        # Another site's name that points here would let that site read the pictures.
        app.config["TRUSTED_HOSTS"] = ["localhost", "127.0.0.1", "[::1]", config.host]
    app.register_blueprint(pages(live.board))
    app.register_blueprint(streams(live.board, live.hub, config.jpeg_quality))
    app.register_blueprint(data(live, config.results))
    app.register_blueprint(analyze(Analyzer(requests, live.board), config.jpeg_quality))
    app.register_error_handler(HTTPException, _error)
    app.after_request(_finish)
    return app


def _error(error: HTTPException) -> Response:
    """Show an error as JSON to programs and as text to people."""
    code = error.code or 500
    description = error.description or error.name
    if request.path.startswith("/api/"):
        response = jsonify(error=description)
    else:
        response = Response(
            f"{code} {error.name}\n\n{description}\n", content_type="text/plain; charset=utf-8"
        )
    response.status_code = code
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _finish(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
