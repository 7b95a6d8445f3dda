"""The detector's process: frames in, boxes and crops out."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import zmq

from common.config import load_config
from common.contract import Mode, Role
from common.errors import MessageError
from common.frames import frame_gray
from common.lifetime import Lifetime, run_main, set_up_logging
from common.messages import DetectRun, Expressions, Faces, Frame
from common.ring import RingReader
from common.worker import Work, Worker
from detector.config import DetectorConfig
from detector.crops import cut_crops
from detector.detectors import Detector, create_detector
from detector.plan import spread_plan, whole_plan
from detector.search import FaceSearch
from detector.settings import SearchSettings


class DetectorStage:
    """Finds faces in the frames it is handed.

    Live, it goes on from its own last faces of each camera, and spreads the full search over frames
    so that none is late. Lossless, it begins every run anew with a whole one, so that the result
    does not depend on which detector did what.
    """

    def __init__(self, detector: Detector, interval_frames: int) -> None:
        self._detector = detector
        self._interval_frames = interval_frames
        self._rings = RingReader()
        self._live: dict[str, FaceSearch] = {}

    def do_work(self, work: Work) -> Iterator[Faces | Expressions]:
        """Answer a run, frame by frame.

        Raises:
            SourceError: A frame's pixels are gone.
        """
        if not isinstance(work, DetectRun):
            raise MessageError(f"expected a DetectRun, got {type(work).__name__}")
        search = self._search_for(work)
        for frame in work.frames:
            yield self._detect(work.work_id, frame, search)

    def _search_for(self, run: DetectRun) -> FaceSearch:
        if run.mode is not Mode.LIVE:
            return FaceSearch(self._detector, whole_plan(self._interval_frames))
        camera = run.frames[0].camera
        if camera not in self._live:
            self._live[camera] = FaceSearch(self._detector, spread_plan(self._interval_frames))
        return self._live[camera]

    def _detect(self, work_id: int, frame: Frame, search: FaceSearch) -> Faces:
        if frame.cut:
            search.reset()
        gray = frame_gray(frame, self._rings)
        boxes = search.search(gray)
        return Faces(work_id, frame.frame_id, boxes, cut_crops(gray, boxes))


def main() -> None:
    """Run a detector until it is stopped or everything is done."""
    config = load_config(DetectorConfig, "detector")
    set_up_logging("detector")
    lifetime = Lifetime()
    lifetime.catch_signals()
    cv2.setNumThreads(1)  # more detectors are more threads
    settings = SearchSettings(config.min_face, config.search_width_px, config.interval_frames)
    stage = DetectorStage(create_detector(config.detector, settings), config.interval_frames)
    with zmq.Context() as context:
        worker = Worker(
            context,
            config.endpoint,
            lifetime,
            Role.DETECTOR,
            capacity=config.interval_frames,
            do_work=stage.do_work,
            size=lambda _: 1,
        )
        try:
            lifetime.run(worker.step)
        finally:
            worker.close()


if __name__ == "__main__":
    run_main("detector", main)
