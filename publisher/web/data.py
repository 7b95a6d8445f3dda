"""The addresses that give data: status, events, history, metrics, and their description."""

from __future__ import annotations

import time
from pathlib import Path

from flask import Blueprint, Response, jsonify, request

from publisher.as_json import Json
from publisher.live.board import Board
from publisher.live.history import sample_json
from publisher.live.hub import TooManyViewersError
from publisher.live.live import Live
from publisher.web import metrics, sse
from publisher.web.metrics import Metrics
from publisher.web.parameters import since_of
from publisher.web.refusals import refuse_unknown, too_many
from publisher.web.sse import SharedStatus
from publisher.web.status import status_json

DESCRIPTION = Path(__file__).parent / "openapi.json"


def data(live: Live, results: Path | None) -> Blueprint:
    """Return the routes of data; ``results`` is where records are written."""
    routes = Blueprint("data", __name__)
    board = live.board
    scraped = Metrics(live)
    described = DESCRIPTION.read_bytes()

    def made_status() -> Json:
        return status_json(board.view(), live.hub, results)

    shared_status = SharedStatus(made_status)

    @routes.get("/api/status")
    def status() -> Response:
        return jsonify(made_status())

    @routes.get("/api/history")
    def history() -> Response:
        camera, now_s = _asked_camera(board), time.time()
        samples = live.history.since(since_of(request.args, now_s), camera)
        return jsonify(now=round(now_s, 6), samples=[sample_json(frame) for frame in samples])

    @routes.get("/events")
    def events() -> Response:
        camera, last_id = _asked_camera(board), request.headers.get("Last-Event-ID")
        try:
            reader = live.events.admit(camera, last_id)
        except TooManyViewersError:
            raise too_many("readers follow the events", live.events.max_readers) from None
        pieces = sse.stream(live.events, reader, shared_status)
        response = Response(pieces, content_type=sse.CONTENT_TYPE)
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back
        response.call_on_close(reader.leave)
        return response

    @routes.get("/metrics", endpoint="metrics")
    def prometheus() -> Response:
        return Response(scraped.text(), content_type=metrics.CONTENT_TYPE)

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return Response(described, content_type="application/json")

    return routes


def _asked_camera(board: Board) -> str | None:
    """Return the camera that is asked for, or None for all."""
    camera = request.args.get("camera")
    if camera is not None:
        refuse_unknown(camera, board.cameras())
    return camera
