"""The detector's process: frames in, boxes and crops out."""

from __future__ import annotations

from collections.abc import Iterator

from common.contract import Mode, Role
from common.frames import frame_gray
from common.lifetime import Lifetime
from common.messages import DetectRun, Faces, Frame
from common.opencv import cv2
from common.ring import RingReader
from common.sockets import Context
from common.stage import run_stage
from common.worker import Worker, WorkerStage
from detector.config import DetectorConfig
from detector.crops import cut_crops
from detector.detectors import Detector, create_detector
from detector.plan import spread_plan, whole_plan
from detector.search import FaceSearch


class DetectorWorker(Worker[DetectRun, Faces]):
    """Finds faces in the frames it is handed.

    Live, it goes on from its own last faces of each camera, and spreads the full search over frames
    so that none is late. Lossless, it begins every run anew with a whole one, so that the result
    does not depend on which detector did what.
    """

    role = Role.DETECTOR
    takes = DetectRun

    def __init__(self, detector: Detector, interval_frames: int) -> None:
        self.capacity = interval_frames
        self._detector = detector
        self._rings = RingReader()
        self._live: dict[str, FaceSearch] = {}

    def answer(self, work: DetectRun) -> Iterator[Faces]:
        """Answer a run, frame by frame.

        Raises:
            SourceError: A frame's pixels are gone.
        """
        search = self._search_for(work)
        for frame in work.frames:
            yield self._detect(work.work_id, frame, search)

    def _search_for(self, run: DetectRun) -> FaceSearch:
        if run.mode is not Mode.LIVE:
            return FaceSearch(self._detector, whole_plan(self.capacity))
        camera = run.frames[0].camera
        if camera not in self._live:
            self._live[camera] = FaceSearch(self._detector, spread_plan(self.capacity))
        return self._live[camera]

    def _detect(self, work_id: int, frame: Frame, search: FaceSearch) -> Faces:
        if frame.cut:
            search.reset()
        gray = frame_gray(frame, self._rings)
        boxes = search.search(gray)
        return Faces(work_id, frame.frame_id, boxes, cut_crops(gray, boxes))


def make_detector(
    config: DetectorConfig, lifetime: Lifetime, context: Context
) -> WorkerStage[DetectRun, Faces]:
    """Return a detector, connected to the broker."""
    cv2.setNumThreads(1)  # more detectors are more threads
    worker = DetectorWorker(create_detector(config), config.interval_frames)
    return WorkerStage(worker, context, config.endpoint, lifetime)


if __name__ == "__main__":
    run_stage("detector", DetectorConfig, make_detector)
