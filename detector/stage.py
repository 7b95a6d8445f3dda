"""The detector's process: frames in, boxes and crops out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from common.contract import Mode, Role
from common.face_model import no_boxes, no_crops, no_poses
from common.frames import frame_gray, frame_pixels
from common.lifetime import Lifetime
from common.messages import DetectRun, Faces, Frame
from common.opencv import cv2
from common.pixels import Pixels
from common.ring import RingReader
from common.sockets import Context
from common.stage import run_stage
from common.worker import Worker, WorkerStage
from detector.about import about_detector
from detector.config import DetectorConfig
from detector.detectors import Detector, create_detector
from detector.frame_faces import FrameFaces, describe_faces
from detector.plan import spread_plan, whole_plan
from detector.search import FaceSearch

MAX_CAMERAS = 256
"""Whose faces are remembered, as many as one broker takes; names may come and go for ever."""


@dataclass(frozen=True, slots=True, eq=False)
class _Still:
    """A live image, which comes again and again, and what was found in it."""

    pixels: Pixels
    found: FrameFaces


class DetectorWorker(Worker[DetectRun, Faces]):
    """Finds faces in the frames it is handed.

    Live, it goes on from its own last faces of each camera, and spreads the full search over frames
    so that none is late; an image that is shown again is not searched again. Lossless, it begins
    every run anew with a whole one, so that the result does not depend on which detector did what.
    """

    role = Role.DETECTOR
    takes = DetectRun

    def __init__(self, detector: Detector, config: DetectorConfig) -> None:
        self.capacity = config.interval_frames
        self.about = about_detector(config, detector)
        self._detector = detector
        self._max_turn_deg = config.max_turn_deg
        self._rings = RingReader()
        self._live: dict[str, FaceSearch] = {}
        self._stills: dict[str, _Still] = {}

    def answer(self, work: DetectRun) -> Iterator[Faces]:
        """Answer a run, frame by frame.

        Raises:
            SourceError: A frame's pixels are gone.
        """
        search = self._search_for(work)
        for frame in work.frames:
            found = self._detect(work.mode, frame, search)
            yield Faces(
                work.work_id,
                frame.frame_id,
                found.boxes,
                found.crops,
                found.poses,
                found.turned_away,
            )

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
                self._stills.clear()
            self._live[camera] = FaceSearch(
                self._detector, spread_plan(self._detector.parts, self.capacity)
            )
        return self._live[camera]

    def _detect(self, mode: Mode, frame: Frame, search: FaceSearch) -> FrameFaces:
        if frame.failed:
            return FrameFaces(no_boxes(), no_crops(), no_poses(), ())
        read = frame_pixels if self._detector.colour else frame_gray
        pixels = read(frame, self._rings)
        if not frame.cut:
            return self._look(pixels, search)
        still = self._stills.get(frame.camera) if mode is Mode.LIVE else None
        if still is not None and np.array_equal(still.pixels, pixels):
            return still.found
        search.reset()
        found = self._look(pixels, search)
        if mode is Mode.LIVE:
            self._stills[frame.camera] = _Still(pixels.copy(), found)  # a ring's are written over
        return found

    def _look(self, pixels: Pixels, search: FaceSearch) -> FrameFaces:
        return describe_faces(pixels, search.search(pixels), self._detector, self._max_turn_deg)


def make_detector(
    config: DetectorConfig, lifetime: Lifetime, context: Context
) -> WorkerStage[DetectRun, Faces]:
    """Return a detector, connected to the broker."""
    cv2.setNumThreads(1)  # more detectors are more threads
    worker = DetectorWorker(create_detector(config), config)
    return WorkerStage(worker, context, config, lifetime)


if __name__ == "__main__":
    run_stage("detector", DetectorConfig, make_detector)
