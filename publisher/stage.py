"""The publisher's loop: results in, pictures, records and figures out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import zmq

from common.config import load_config
from common.lifetime import Lifetime, run_main, set_up_logging
from common.link import BrokerLink, peer_name
from common.messages import (
    Finish,
    ImageAnswer,
    PipelineStatus,
    Published,
    PublisherHello,
    Result,
    Welcome,
)
from publisher.config import PublisherConfig
from publisher.live.board import Board
from publisher.live.hub import PictureHub
from publisher.live.live import LiveData
from publisher.live.pictures import PictureMaker
from publisher.recording.recordings import Recordings
from publisher.results.writer import open_results
from publisher.tracking.following import Following
from publisher.uploads.pending import PendingImages
from publisher.web.app import create_app
from publisher.web.server import WebServer

WAIT_S = 0.02
"""An upload that comes meanwhile waits as long."""
STREAMS_END_S = 1.0

log = logging.getLogger(__name__)


class PublisherStage:
    """Follows faces, records, shows, acknowledges; one result a step.

    Args:
        config: The settings.
        lifetime: Of this process.
        context: Of the socket to the broker.
        check_web: Called every step; raises where nobody answers requests any more.
    """

    def __init__(
        self,
        config: PublisherConfig,
        lifetime: Lifetime,
        context: zmq.Context[zmq.Socket[bytes]],
        check_web: Callable[[], None] = lambda: None,
    ) -> None:
        self.board = Board()
        self.hub = PictureHub(config.max_viewers)
        self.requests = PendingImages()
        self.live = LiveData(config.max_viewers)
        self._results = config.results
        self._lifetime = lifetime
        self._check_web = check_web
        self._following = Following()
        continues_since = lifetime.first_started if lifetime.restarts else None
        self._recorder = open_results(config.results, continues_since, self._following.replay)
        self._recordings = Recordings(config, continues_since)
        self.board.set_pictures(self._recordings.figures())
        self._pictures = PictureMaker(self.hub, config.jpeg_quality, self._recordings)
        self._link = BrokerLink(context, config.endpoint, self.hello)

    def hello(self) -> PublisherHello:
        """Introduce this publisher to the broker."""
        return PublisherHello(peer_name(), self._lifetime.instance, self._recorder.recorded())

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
            self.requests.answered(message)
        elif isinstance(message, Welcome):
            self.requests.send_again()
        elif isinstance(message, PipelineStatus):
            self._take_status(message)
        elif isinstance(message, Finish):
            self._finish()
        self._send_requests()
        self.board.step_done(self._link.welcomed)
        self._check_web()
        self._show_notices()

    def close(self) -> None:
        """Leave the broker, end the streams, close the records; for good where the run ends."""
        self.requests.close()
        self.hub.close()
        self.live.events.close()
        deadline_s = time.monotonic() + STREAMS_END_S
        self.hub.wait_until_empty(STREAMS_END_S)
        self.live.events.wait_until_empty(max(0.0, deadline_s - time.monotonic()))
        if self._lifetime.stop_requested:
            self._recorder.finish()
            self._recordings.close()
            self._link.leave()
        else:
            self._recorder.close()
            self._recordings.close()
            self._link.close()

    def _publish(self, result: Result) -> None:
        """Do all that is to be done with a frame, and only then acknowledge it."""
        started_s = time.monotonic()
        frame = result.frame
        missed = self._recorder.settle(frame.camera, frame.frame_id)
        if missed is not None:
            self._following.replay(missed)
        faces = self._following.follow(result)
        if faces is None:
            log.debug("frame %d of %s came again", frame.frame_id, frame.camera)
        else:
            self._recorder.write(result, faces)
            shown = [face for face in faces if face.shown]
            self._pictures.show(result, faces)
            self.board.add_frame(frame, shown, result.times)
            self.live.add(frame, faces, result.times)
            self.board.set_recording(self._recorder.trouble, self._recorder.written)
            self.board.set_pictures(self._recordings.figures())
        if not self._link.send(Published(frame.camera, frame.frame_id)):
            log.warning(
                "frame %d of %s is not acknowledged: no broker", frame.frame_id, frame.camera
            )
        self._link.count(1, time.monotonic() - started_s)

    def _take_status(self, status: PipelineStatus) -> None:
        """Show the broker's status; keep nothing of cameras that were taken away.

        But for their tracks: a camera that comes back goes on numbering its faces.
        """
        for camera in self.board.set_pipeline(status):
            self._pictures.forget(camera)
            self.live.forget(camera)

    def _send_requests(self) -> None:
        """Send the images that were uploaded meanwhile."""
        if self._link.welcomed:
            for message in self.requests.unsent():
                if not self._link.send(message):
                    return
                self.requests.sent(message)

    def _finish(self) -> None:
        self._recorder.finish()
        if self._results is not None and not self._recorder.trouble:
            log.info("wrote %d records to %s", self._recorder.written, self._results)
        log.info("every source has ended; stopping")
        self._lifetime.request_stop()

    def _show_notices(self) -> None:
        """Where a camera is gone, say so instead of showing its last picture as if it were new."""
        for camera, text in self.board.notices().items():
            self._pictures.show_notice(camera, text)


def main() -> None:
    """Run the publisher until it is asked to stop or everything is published."""
    config = load_config(PublisherConfig, "publisher")
    set_up_logging("publisher")
    lifetime = Lifetime()
    lifetime.catch_signals()
    with (
        zmq.Context() as context,
        WebServer(config.host, config.port, 2 * config.max_viewers) as server,
    ):
        stage = PublisherStage(config, lifetime, context, server.check)
        try:
            app = create_app(stage.board, stage.hub, stage.live, stage.requests, config)
            server.start(app)
            log.info("watch at %s", server.url)
            lifetime.run(stage.step)
        finally:
            stage.close()


if __name__ == "__main__":
    run_main("publisher", main)
