"""All that is live, in one piece: what the stage tells and the web shows."""

from __future__ import annotations

import time
from collections.abc import Mapping

from common.messages import PipelineStatus
from publisher.config import PublisherConfig
from publisher.faces import PublishedFrame
from publisher.live.board import Board
from publisher.live.event_log import EventLog
from publisher.live.history import History
from publisher.live.hub import PictureHub
from publisher.live.pictures import PictureMaker
from publisher.recording.recordings import Recordings
from publisher.results.open import Results

STREAMS_END_S = 1.0


class Live:
    """The board, the pictures, the events and the history of all cameras.

    Args:
        config: The settings.
        results: As ``Board`` has it.
        recordings: As ``Board`` has it.
        run_began_s: As ``Board`` has it.
    """

    def __init__(
        self,
        config: PublisherConfig,
        results: Results,
        recordings: Recordings,
        run_began_s: float,
    ) -> None:
        self.board = Board(results, recordings, run_began_s)
        self.hub = PictureHub(config.max_viewers)
        self.pictures = PictureMaker(self.hub, config.jpeg_quality)
        self.events = EventLog(config.max_viewers)
        self.history = History()

    def set_pipeline(self, status: PipelineStatus) -> None:
        """Show the broker's status; keep no pictures of cameras that were taken away."""
        for camera in self.board.set_pipeline(status):
            self.pictures.forget(camera)
            self.history.forget(camera)

    def show_notices(self) -> None:
        """Where a camera is gone, say so instead of showing its last picture as if it were new."""
        for camera, text in self.board.notices().items():
            self.pictures.show_notice(camera, text)

    def add_frame(self, frame: PublishedFrame, stages_ms: Mapping[str, float]) -> None:
        """Take in a frame that is published now, and its age as ``divide_age`` has it."""
        self.board.add_frame(frame, stages_ms)
        self.events.add_frame(frame)
        self.history.add_frame(frame)

    def close(self) -> None:
        """End all streams, and wait a moment for whoever has one."""
        self.hub.close()
        self.events.close()
        deadline_s = time.monotonic() + STREAMS_END_S
        self.hub.wait_until_empty(STREAMS_END_S)
        self.events.wait_until_empty(max(0.0, deadline_s - time.monotonic()))
