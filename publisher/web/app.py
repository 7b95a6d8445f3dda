"""The application: its routes, and what holds for every address."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from publisher.config import OPEN, PublisherConfig
from publisher.live.live import Live
from publisher.uploads.analyzer import Analyzer
from publisher.web.analyze import analyze
from publisher.web.data import data
from publisher.web.door import Door
from publisher.web.entry import Entry
from publisher.web.errors import show_error
from publisher.web.login import login
from publisher.web.pages import pages
from publisher.web.streams import streams

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    # No other site learns of an address here. With no-referrer a form of the page itself would say
    # that it comes from nowhere, and be refused.
    "Referrer-Policy": "same-origin",
    # Pages of other sites can neither show nor read what the camera sees.
    "Cross-Origin-Resource-Policy": "same-site",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), usb=()",
}
HTTPS_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",  # ignored, with a complaint, without https
    "Strict-Transport-Security": f"max-age={180 * 24 * 3600}",
}


class CameraConverter(BaseConverter):
    """A camera's name in an address: anything, also slashes at its beginning."""

    regex = ".+?"
    part_isolating = False


def create_app(live: Live, analyzer: Analyzer, config: PublisherConfig, entry: Entry) -> Flask:
    """Make the application.

    Args:
        live: What the stage knows, and the pictures.
        analyzer: Takes uploaded images.
        config: The settings.
        entry: Who may come in.
    """
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # expressions keep their order
    app.url_map.merge_slashes = False
    app.url_map.converters["camera"] = CameraConverter
    door = Door(entry, probes_are_open=config.probes == OPEN, port=config.port)
    door.guard(app)
    app.register_blueprint(login(door))
    app.register_blueprint(pages(live.board))
    app.register_blueprint(streams(live.board, live.hub, config.jpeg_quality))
    app.register_blueprint(data(live, config.results))
    app.register_blueprint(analyze(analyzer, config.jpeg_quality))
    app.register_error_handler(HTTPException, show_error)
    app.after_request(_finish)
    return app


def _finish(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.is_secure:
        response.headers.update(HTTPS_HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
