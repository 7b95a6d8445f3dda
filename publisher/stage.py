"""The publisher's loop: results in, pictures, records and figures out."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from common.contract import Mode
from common.counted import counted
from common.errors import SourceError
from common.lifetime import Lifetime
from common.link import BrokerLink, peer_name
from common.messages import (
    Finish,
    Frame,
    ImageAnswer,
    PipelineStatus,
    Published,
    PublisherHello,
    Restarts,
    Result,
    Welcome,
)
from common.ring import RingReader
from common.sockets import Context
from common.stage import run_stage
from publisher.config import PublisherConfig
from publisher.drawing.frame_drawing import FrameDrawing
from publisher.faces import PublishedFrame, published_frame
from publisher.live.figures import divide_age
from publisher.live.live import Live
from publisher.provenance import Provenance
from publisher.recording.recordings import Recordings, recorded_beside
from publisher.results.open import open_results
from publisher.tracking.following import Following
from publisher.uploads.analyzer import Analyzer
from publisher.uploads.pending import PendingImages
from publisher.web.entry import make_entry
from publisher.web.server import WebServer

if TYPE_CHECKING:
    from ssl import SSLContext

    from _typeshed.wsgi import WSGIApplication

WAIT_S = 0.02
"""The stage waits so long for a message; an upload that comes meanwhile waits as long."""

log = logging.getLogger(__name__)


class PublisherStage:
    """Follows faces, records, shows, acknowledges; one result a step.

    Args:
        config: The settings.
        lifetime: The life of this process; the broker's ``Finish`` ends it.
        context: The ZeroMQ context of the process.
        server: What answers requests; the stage closes it.
    """

    def __init__(
        self,
        config: PublisherConfig,
        lifetime: Lifetime,
        context: Context,
        server: WebServer,
    ) -> None:
        self._lifetime = lifetime
        self._server = server
        self._following = Following()
        self._rings = RingReader()
        run_began = lifetime.first_started if lifetime.restarts else None
        self._results = open_results(config.results, run_began, self._following.replay)
        self._recordings = Recordings(config, run_began)
        self._provenance = Provenance(lifetime.first_started, recorded_beside(config))
        self._warned_of: set[str] = set()  # cameras
        self.live = Live(config, self._results, self._recordings, lifetime.first_started)
        self.requests = PendingImages()
        is_local = config.endpoint.startswith("ipc://")
        self.analyzer = Analyzer(self.requests, self.live.board, is_local=is_local)
        self._link = BrokerLink(context, config, self.hello)

    def hello(self) -> PublisherHello:
        """Introduce this publisher to the broker."""
        restarts = Restarts(self._lifetime.restarts, self._lifetime.last_end)
        recorded = self._results.last_recorded()
        return PublisherHello(peer_name(), self._lifetime.instance, recorded, restarts)

    def step(self) -> None:
        """Handle what comes next from the broker, or nothing if nothing comes soon.

        Raises:
            RecordError: Records or pictures of a lossless run cannot be written.
            RefusedError: The broker will not have this publisher.
        """
        message = self._link.receive(WAIT_S)
        if isinstance(message, Result):
            self._publish(message)
        elif isinstance(message, ImageAnswer):
            self.requests.take_answer(message)
        elif isinstance(message, Welcome):
            self.requests.send_again()
        elif isinstance(message, PipelineStatus):
            self.live.set_pipeline(message)
            if self._provenance.take(message):
                self._results.describe(self._provenance.as_json())
            self._warn_of_gaps(message)
        elif isinstance(message, Finish):
            self._finish()
        self._send_requests()
        self._rings.tidy()
        self.live.board.note_step(self._link.welcomed)
        self._server.check()
        if not isinstance(message, Result):  # what calls for a notice comes as a status, or silence
            self.live.show_notices()

    def close(self) -> None:
        """Leave the broker, end the streams, close the records; for good where the run ends.

        The web server is closed last: streams are told to end before it hangs up.
        """
        self.requests.close()
        self.analyzer.close()
        self.live.close()
        if self._lifetime.stop_requested:
            self._results.finish()
            self._recordings.close()
            self._link.leave()
        else:
            self._results.close()
            self._recordings.close()
            self._link.close()
        self._server.close()

    def _warn_of_gaps(self, status: PipelineStatus) -> None:
        """Say once of each recording that is played live that its records may have gaps."""
        for camera in status.cameras if self._results.path is not None else ():
            plays = camera.is_recording and camera.mode is Mode.LIVE
            if plays and camera.camera not in self._warned_of:
                self._warned_of.add(camera.camera)
                log.warning(
                    "camera %s is a recording that is played live: %s has no records of frames "
                    "that are dropped; CAPTURE_MODE=lossless analyses every frame",
                    camera.camera,
                    self._results.path,
                )

    def _publish(self, result: Result) -> None:
        """Do all that is to be done with a frame, and only then acknowledge it."""
        started_s = time.monotonic()
        frame = result.frame
        self._results.expect_frame(frame.camera, frame.frame_id)
        faces = self._following.follow(result)
        if faces is None:
            log.debug("frame %d of %s came again", frame.frame_id, frame.camera)
        else:
            published = published_frame(result, faces)
            self._results.write_frame(published)
            self._draw(frame, published)
            self.live.add_frame(published, divide_age(frame, result.times, time.monotonic_ns()))
        if not self._link.send(Published(frame.camera, frame.frame_id)):
            log.warning(
                "frame %d of %s is not acknowledged: no broker", frame.frame_id, frame.camera
            )
        self._link.count(1, time.monotonic() - started_s)

    def _draw(self, frame: Frame, published: PublishedFrame) -> None:
        """Show and record a frame, as far as somebody wants that."""
        drawing = FrameDrawing(frame, published, self._rings)
        try:
            self.live.pictures.show_frame(published, drawing)
            self._recordings.record_frame(published, drawing)
        except SourceError as error:
            log.warning("no picture of frame %d of %s: %s", frame.frame_id, frame.camera, error)

    def _send_requests(self) -> None:
        """Send the images that were uploaded meanwhile."""
        if self._link.welcomed:
            for message in self.requests.unsent():
                if not self._link.send(message):
                    return
                self.requests.mark_sent(message)

    def _finish(self) -> None:
        self._results.finish()
        if self._results.path is not None and self._results.trouble is None:
            records = counted(self._results.written, "record")
            log.info("every source has ended; wrote %s to %s", records, self._results.path)
        else:
            log.info("every source has ended; stopping")
        self._lifetime.request_stop()


def make_publisher(config: PublisherConfig, lifetime: Lifetime, context: Context) -> PublisherStage:
    """Return a publisher that answers requests, connected to the broker."""
    server = WebServer(
        config.host,
        config.port,
        2 * config.max_viewers,
        config.client_connections,
        tls_of(config),
    )
    entry = make_entry(config, server.address, server.url)
    stage = PublisherStage(config, lifetime, context, server)

    def make_app() -> WSGIApplication:
        from publisher.web.app import create_app  # noqa: PLC0415 - 0.1 s and 11 MB, if anybody asks

        return create_app(stage.live, stage.analyzer, config, entry)

    server.start(make_app)
    for line in entry.invitation[: 1 if lifetime.restarts else None]:
        log.info(line)
    return stage


def tls_of(config: PublisherConfig) -> SSLContext | None:
    """Return what encrypts the page, where that is wanted."""
    if config.tls_cert is None and config.tls_key is None:
        return None
    from publisher.web.tls import tls_context  # noqa: PLC0415 - only for who has a certificate

    return tls_context(config.tls_cert, config.tls_key)


if __name__ == "__main__":
    run_stage("publisher", PublisherConfig, make_publisher)
