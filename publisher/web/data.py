"""The addresses that give data: status, events, history, metrics, and their description."""

from __future__ import annotations

import math
import time
from pathlib import Path

from flask import Flask, Response, jsonify, request

from publisher.config import PublisherConfig
from publisher.live.board import Board
from publisher.live.history import sample_json
from publisher.live.hub import PictureHub, TooManyViewersError
from publisher.live.live import LiveData
from publisher.live.published_frame import Json
from publisher.web import metrics, sse
from publisher.web.metrics import Metrics
from publisher.web.refusals import bad_parameter, no_such_camera, too_many
from publisher.web.sse import SharedStatus
from publisher.web.status import status_json

DESCRIPTION = Path(__file__).parent / "openapi.json"


class Api:
    """One method an address.

    Args:
        board: What the stage knows.
        hub: For the viewers.
        live: What is kept of published frames.
        config: The settings.
    """

    def __init__(
        self, board: Board, hub: PictureHub, live: LiveData, config: PublisherConfig
    ) -> None:
        self._board = board
        self._hub = hub
        self._live = live
        self._config = config
        self._shared_status = SharedStatus(self._status)
        self._metrics = Metrics(board, hub, live)
        self._description = DESCRIPTION.read_bytes()

    def add_to(self, app: Flask) -> None:
        """Let an application answer at these addresses."""
        for path, view in (
            ("/api/status", self.status),
            ("/api/history", self.history),
            ("/events", self.events),
            ("/metrics", self.metrics),
            ("/openapi.json", self.openapi),
        ):
            app.add_url_rule(path, path, view, methods=["GET"])

    def status(self) -> Response:
        """Everything there is to know, as JSON."""
        return jsonify(self._status())

    def history(self) -> Response:
        """Samples of the last minutes."""
        camera, now_s = self._camera(), time.time()
        samples = self._live.history.since(_since_s(now_s), camera)
        return jsonify(now=round(now_s, 6), samples=[sample_json(frame) for frame in samples])

    def events(self) -> Response:
        """Published frames as they come, and the status every second."""
        log, camera = self._live.events, self._camera()
        try:
            reader = log.admit(camera, request.headers.get("Last-Event-ID", ""))
        except TooManyViewersError:
            raise too_many("readers follow the events", log.max_readers) from None
        pieces = sse.stream(log, reader, self._shared_status)
        response = Response(pieces, content_type=sse.CONTENT_TYPE)
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back
        response.call_on_close(reader.leave)
        return response

    def metrics(self) -> Response:
        """Counters, gauges and histograms for Prometheus."""
        return Response(self._metrics.text(), content_type=metrics.CONTENT_TYPE)

    def openapi(self) -> Response:
        """The description of all addresses."""
        return Response(self._description, content_type="application/json")

    def _status(self) -> Json:
        return status_json(self._board.view(), self._hub, self._config.results)

    def _camera(self) -> str | None:
        """Give the camera that is asked for, or None for all."""
        camera = request.args.get("camera")
        cameras = self._board.cameras()
        if camera is not None and camera not in cameras:
            raise no_such_camera(camera, cameras)
        return camera


def _since_s(now_s: float) -> float:
    """Give the time asked for, in seconds since 1970; a negative one is so long before now."""
    text = request.args.get("since", "0")
    try:
        since_s = float(text)
    except ValueError:
        since_s = math.nan
    if not math.isfinite(since_s):
        raise bad_parameter(
            "since", text, "seconds since 1970, or a negative number for so many before now"
        )
    return since_s if since_s >= 0 else now_s + since_s
