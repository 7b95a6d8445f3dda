"""The detector's process: frames in, boxes and crops out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from common.contract import Mode, Role
from common.face_model import Poses, no_poses
from common.frames import frame_gray, frame_pixels
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
from detector.head_pose import head_pose, turn_deg
from detector.plan import spread_plan, whole_plan
from detector.search import FaceSearch
from detector.seen_face import SeenFace, boxes_of

MAX_CAMERAS = 256
"""Whose faces are remembered, as many as one broker takes; names may come and go for ever."""


class DetectorWorker(Worker[DetectRun, Faces]):
    """Finds faces in the frames it is handed.

    Live, it goes on from its own last faces of each camera, and spreads the full search over frames
    so that none is late. Lossless, it begins every run anew with a whole one, so that the result
    does not depend on which detector did what.
    """

    role = Role.DETECTOR
    takes = DetectRun

    def __init__(self, detector: Detector, interval_frames: int, max_turn_deg: float) -> None:
        self.capacity = interval_frames
        self._detector = detector
        self._max_turn_deg = max_turn_deg
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

    def tidy(self) -> None:
        """Let go of the rings of captures that are gone."""
        self._rings.tidy()

    def _search_for(self, run: DetectRun) -> FaceSearch:
        if run.mode is not Mode.LIVE:
            return FaceSearch(self._detector, whole_plan(self.capacity))
        camera = run.frames[0].camera
        if camera not in self._live:
            if len(self._live) == MAX_CAMERAS:
                self._live.clear()  # each costs those who are still there one full search
            self._live[camera] = FaceSearch(
                self._detector, spread_plan(self._detector.parts, self.capacity)
            )
        return self._live[camera]

    def _detect(self, work_id: int, frame: Frame, search: FaceSearch) -> Faces:
        if frame.cut:
            search.reset()
        read = frame_pixels if self._detector.colour else frame_gray
        pixels = read(frame, self._rings)
        faces, poses = _with_poses(search.search(pixels), frame.width)
        crops = cut_crops(pixels, [self._detector.crop_square(face) for face in faces])
        turned_away = tuple(turn_deg(pose) > self._max_turn_deg for pose in poses)
        return Faces(work_id, frame.frame_id, boxes_of(faces), crops, poses, turned_away)


def _with_poses(seen: list[SeenFace], frame_width_px: int) -> tuple[list[SeenFace], Poses]:
    """Return faces and their poses, which are none where the detector finds no landmarks.

    A face is left out where its landmarks are those of no head.
    """
    if any(face.landmarks is None for face in seen):
        return seen, no_poses()
    posed = [
        (face, pose)
        for face in seen
        if face.landmarks is not None
        and (pose := head_pose(face.landmarks, frame_width_px)) is not None
    ]
    poses = np.stack([pose for _, pose in posed]) if posed else no_poses()
    return [face for face, _ in posed], poses


def make_detector(
    config: DetectorConfig, lifetime: Lifetime, context: Context
) -> WorkerStage[DetectRun, Faces]:
    """Return a detector, connected to the broker."""
    cv2.setNumThreads(1)  # more detectors are more threads
    detector = create_detector(config)
    worker = DetectorWorker(detector, config.interval_frames, config.max_turn_deg)
    return WorkerStage(worker, context, config, lifetime)


if __name__ == "__main__":
    run_stage("detector", DetectorConfig, make_detector)
