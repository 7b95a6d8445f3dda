"""The page, the pictures, health, and what holds for every address."""

from __future__ import annotations

import ipaddress

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from publisher.config import PublisherConfig
from publisher.drawing.annotate import encode_jpeg, notice
from publisher.drawing.look import look_of
from publisher.live.board import Board
from publisher.live.hub import PictureHub, TooManyViewersError, Viewer
from publisher.live.live import LiveData
from publisher.uploads.analyzer import Analyzer
from publisher.uploads.pending import PendingImages
from publisher.web import mjpeg
from publisher.web.analyze import add_analyze
from publisher.web.data import Api
from publisher.web.refusals import no_such_camera, too_many, unavailable

SNAPSHOT_WAIT_S = 2.0
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


def create_app(
    board: Board, hub: PictureHub, live: LiveData, requests: PendingImages, config: PublisherConfig
) -> Flask:
    """Make the application.

    Args:
        board: What the stage knows.
        hub: Where the pictures are.
        live: What is kept of published frames.
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
    pages = _Pages(board, hub, config)
    for path, view in (
        ("/", pages.index),
        ("/video_feed", pages.video_feed),
        ("/video_feed/<camera:camera>", pages.video_feed),
        ("/snapshot/<camera:camera>.jpg", pages.snapshot),
        ("/healthz", pages.healthz),
        ("/readyz", pages.readyz),
    ):
        app.add_url_rule(path, f"{view.__name__} {path}", view, methods=["GET"])
    Api(board, hub, live, config).add_to(app)
    add_analyze(app, Analyzer(requests, board), config.jpeg_quality)
    app.register_error_handler(HTTPException, _error)
    app.after_request(_finish)
    return app


class _Pages:
    """One method a page."""

    def __init__(self, board: Board, hub: PictureHub, config: PublisherConfig) -> None:
        self._board = board
        self._hub = hub
        self._config = config

    def index(self) -> str:
        """The page."""
        return render_template("index.html")

    def video_feed(self, camera: str | None = None) -> Response:
        """A camera's pictures as they come; the first camera's without a name."""
        if camera is not None:
            self._check(camera)
        viewer = self._admit(camera)
        pictures = mjpeg.stream(self._hub, viewer, self._first_camera, self._placeholder)
        response = Response(pictures, content_type=mjpeg.CONTENT_TYPE)
        response.call_on_close(viewer.leave)
        return response

    def snapshot(self, camera: str) -> Response:
        """One picture: the next, or the last where none comes."""
        self._check(camera)
        viewer = self._admit(camera)
        try:
            newest, jpeg = self._hub.newest(camera), None
            if newest is None or self._moves(camera):
                viewer.skip_present()
                jpeg = viewer.next_picture(SNAPSHOT_WAIT_S)
        finally:
            viewer.leave()
        if jpeg is None:
            if newest is None:
                raise unavailable(f"{camera} has given no picture yet", 1)
            jpeg = newest.jpeg(viewer.look)
        return Response(jpeg, content_type="image/jpeg")

    def healthz(self) -> tuple[Response, int]:
        """Whether the loop turns."""
        alive = self._board.view().alive
        return jsonify(alive=alive), 200 if alive else 503

    def readyz(self) -> tuple[Response, int]:
        """Whether expressions can be shown, and if not, why."""
        view = self._board.view()
        reasons = list(view.problems) if view.alive else ["the publisher is stuck", *view.problems]
        return jsonify(ready=not reasons, reasons=reasons), 503 if reasons else 200

    def _check(self, camera: str) -> None:
        cameras = self._board.cameras()
        if camera not in cameras:
            raise no_such_camera(camera, cameras)

    def _admit(self, camera: str | None) -> Viewer:
        try:
            return self._hub.admit(camera, look_of(request.args))
        except TooManyViewersError:
            raise too_many("viewers are watching", self._hub.max_viewers) from None

    def _first_camera(self) -> str | None:
        return next(iter(self._board.cameras()), None)

    def _placeholder(self) -> bytes:
        problems = self._board.view().problems
        text = problems[0] if problems else "waiting for the first picture"
        return encode_jpeg(notice(text), self._config.jpeg_quality)

    def _moves(self, camera: str) -> bool:
        """Tell whether a newer picture of this camera is to be expected."""
        view = next((view for view in self._board.view().cameras if view.name == camera), None)
        return view is not None and view.fps > 0


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
