"""The addresses that give data: status, events, history, metrics, and their description."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wsgi import wrap_file

from publisher.as_json import Json
from publisher.live.board import Board
from publisher.live.history import Sample
from publisher.live.hub import TooManyViewersError
from publisher.live.live import Live
from publisher.results.format import CSV_HEADER
from publisher.web import metrics, sse
from publisher.web.connections import MAX_HELD_BYTES
from publisher.web.metrics import Metrics
from publisher.web.parameters import since_of
from publisher.web.refusals import refuse_unknown, too_many
from publisher.web.sse import SharedStatus
from publisher.web.status import status_json
from publisher.web.untaken import Untaken

HISTORIES = 4
"""Answers of the history that are made at once, each by a thread of the server's reserve."""
HISTORY_BYTES = 2 * MAX_HELD_BYTES
"""What they hold until they are taken; above half of it the server ends the slowest."""
HISTORY_WAIT_S = 0.5
CSV_TYPE = "text/csv; charset=utf-8"
DESCRIPTION = Path(__file__).parent / "openapi.json"


def data(live: Live, results: Path | None) -> Blueprint:
    """Return the routes of data; ``results`` is where records are written."""
    routes = Blueprint("data", __name__)
    board = live.board
    scraped = Metrics(live)
    described = DESCRIPTION.read_bytes()

    def made_status() -> Json:
        return status_json(board.view(), live.hub, results)

    places, untaken = threading.BoundedSemaphore(HISTORIES), Untaken(HISTORY_BYTES)
    shared_status = SharedStatus(made_status)

    @routes.get("/api/status")
    def status() -> Response:
        return jsonify(made_status())

    def sampled(encode: Callable[[float, Sequence[Sample]], bytes], content_type: str) -> Response:
        camera, now_s = _asked_camera(board), time.time()
        since_s = since_of(request.args, now_s)
        if not places.acquire(timeout=HISTORY_WAIT_S):
            raise _too_many_histories()
        try:
            encoded = encode(now_s, live.history.since(since_s, camera))
            file = untaken.as_file(encoded, HISTORY_WAIT_S)
        finally:
            places.release()
        if file is None:
            raise _too_many_histories()
        pieces = wrap_file(request.environ, file)
        response = Response(pieces, content_type=content_type, direct_passthrough=True)
        response.content_length = len(encoded)
        return response

    @routes.get("/api/history")
    def history() -> Response:
        return sampled(_history_json, "application/json")

    @routes.get("/api/history.csv")
    def history_csv() -> Response:
        response = sampled(_history_csv, CSV_TYPE)
        at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        response.headers.set("Content-Disposition", "attachment", filename=f"ferstream-{at}.csv")
        return response

    @routes.get("/events")
    def events() -> Response:
        camera, last_id = _asked_camera(board), request.headers.get("Last-Event-ID")
        try:
            reader = live.events.admit(camera, last_id)
        except TooManyViewersError:
            raise too_many("streams of events", live.events.max_readers) from None
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


def _too_many_histories() -> ServiceUnavailable:
    return ServiceUnavailable("Many ask for the history; try again.", retry_after=1)


def _history_json(now_s: float, samples: Sequence[Sample]) -> bytes:
    encoded = b",".join(sample.as_json() for sample in samples)
    return b'{"now":%s,"samples":[%s]}' % (str(round(now_s, 6)).encode(), encoded)


def _history_csv(_now_s: float, samples: Sequence[Sample]) -> bytes:
    return CSV_HEADER + b"".join(sample.as_csv() for sample in samples)


def _asked_camera(board: Board) -> str | None:
    """Return the camera that is asked for, or None for all."""
    camera = request.args.get("camera")
    if camera is not None:
        refuse_unknown(camera, board.cameras())
    return camera
