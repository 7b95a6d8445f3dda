"""A lossless run in one process: the functions of the stages, one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

import numpy as np

from capture.sources.source import CapturedFrame
from classifier.about import about_model
from classifier.backend import BATCH_SIZES
from classifier.backends import choose_backend, load_backend
from common.contract import Mode, Role, run_length
from common.face_model import LABELS, Probabilities, no_boxes, no_crops, no_poses
from common.messages import About, Frame, Result
from common.opencv import cv2
from common.pixels import Bgr, Pixels
from detector.about import about_detector
from detector.detectors import create_detector
from detector.frame_faces import FrameFaces, describe_faces
from detector.plan import whole_plan
from detector.search import FaceSearch
from ferstream.settings import Settings
from publisher.as_json import Json
from publisher.faces import Face, PublishedFrame, published_frame
from publisher.provenance import Provenance
from publisher.tracking.following import Following
from publisher.tracking.single_image import faces_of_image

LARGEST_BATCH = BATCH_SIZES[-1]
NOTHING = FrameFaces(no_boxes(), no_crops(), no_poses(), ())
"""What is found in a frame that could not be decoded."""


class Engine:
    """Finds, judges and follows faces as the processes of a lossless run do together.

    Args:
        settings: What the faces depend on.

    Raises:
        ConfigError: The settings fit nothing that runs here.
        ModelError: A model's file is damaged.
    """

    def __init__(self, settings: Settings) -> None:
        self._max_turn_deg = settings.max_turn_deg
        self._run_length = run_length(settings.interval_frames)
        detection, classification = settings.detection(), settings.classification()
        self._detector = create_detector(detection)
        name, model = choose_backend(classification.backend, classification.model)
        self._backend = load_backend(name, model)
        self._about = {
            Role.DETECTOR: about_detector(detection, self._detector),
            Role.CLASSIFIER: about_model(name, model),
        }

    @property
    def about(self) -> Json:
        """What it is made of: version, detector, model and their settings."""
        made_by = self._provenance().as_json()
        return {name: made_by[name] for name in ("ferstream", "detectors", "classifiers")}

    def provenance(self, camera: str, about: About) -> Provenance:
        """Return what makes the records of a recording that begins now.

        Args:
            camera: What the recording is called.
            about: What is known of it.
        """
        made_by = self._provenance()
        made_by.add_camera(camera, Mode.LOSSLESS.value, about)
        return made_by

    def analyze_image(self, bgr: Bgr) -> tuple[Face, ...]:
        """Return the faces of one image, ``(height, width, 3) uint8`` BGR."""
        with one_thread():
            search = FaceSearch(self._detector, whole_plan(1))
            found = self._look(bgr, search)
            (probabilities,) = self._judge([found])
        return faces_of_image(found.boxes, probabilities, found.poses, found.turned_away)

    def analyze_frames(
        self, camera: str, frames: Iterable[CapturedFrame]
    ) -> Iterator[PublishedFrame]:
        """Yield the frames of one recording with their faces, in order.

        Args:
            camera: What the recording is called.
            frames: All of its frames.
        """
        following = Following()
        for result in self._results(camera, iter(frames)):
            faces = following.follow(result)
            if faces is not None:
                yield published_frame(result, faces)

    def _provenance(self) -> Provenance:
        made_by = Provenance(time.time())
        for role, about_worker in self._about.items():
            made_by.add_worker(role, about_worker)
        return made_by

    def _results(self, camera: str, frames: Iterator[CapturedFrame]) -> Iterator[Result]:
        """Yield what the broker would hand to a publisher."""
        frame_id = 0
        while run := list(islice(frames, self._run_length)):
            with one_thread():
                found = list(self._search(run))
                judged = self._judge(found)
            for captured, faces, probabilities in zip(run, found, judged, strict=True):
                yield _result(camera, frame_id, captured, faces, probabilities)
                frame_id += 1

    def _search(self, run: list[CapturedFrame]) -> Iterator[FrameFaces]:
        """Find the faces of a run, which begins with a full search."""
        search = FaceSearch(self._detector, whole_plan(self._run_length))
        for captured in run:
            if captured.cut:
                search.reset()
            yield NOTHING if captured.failed else self._look(captured.bgr, search)

    def _look(self, bgr: Bgr, search: FaceSearch) -> FrameFaces:
        pixels: Pixels = bgr
        if not self._detector.colour:
            pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
        return describe_faces(pixels, search.search(pixels), self._detector, self._max_turn_deg)

    def _judge(self, found: list[FrameFaces]) -> list[Probabilities]:
        """Return the probabilities of the faces of each frame; zeros where one is turned away."""
        judged = [np.zeros((len(faces.boxes), len(LABELS)), np.float32) for faces in found]
        places = [
            (at, face)
            for at, faces in enumerate(found)
            for face in range(len(faces.boxes))
            if not (faces.turned_away and faces.turned_away[face])
        ]
        for start in range(0, len(places), LARGEST_BATCH):
            batch = places[start : start + LARGEST_BATCH]
            crops = np.stack([found[at].crops[face] for at, face in batch])
            for (at, face), row in zip(batch, self._backend.classify(crops), strict=True):
                judged[at][face] = row
        return judged


@contextmanager
def one_thread() -> Iterator[None]:
    """Let OpenCV use one thread, as in the stages: with more, a cascade's boxes come in any order.

    What the program had set is set again.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _result(
    camera: str,
    frame_id: int,
    captured: CapturedFrame,
    found: FrameFaces,
    probabilities: Probabilities,
) -> Result:
    height, width, _ = captured.bgr.shape
    frame = Frame(
        camera=camera,
        frame_id=frame_id,
        pts_s=captured.pts_s,
        captured_at_ns=0,
        captured_mono_ns=0,
        height=height,
        width=width,
        ring="",
        slot=0,
        cut=captured.cut,
        source=captured.source,
        failed=captured.failed,
    )
    return Result(
        frame,
        Mode.LOSSLESS,
        failed=captured.failed,
        boxes=found.boxes,
        probabilities=probabilities,
        reused=(False,) * len(found.boxes),
        poses=found.poses,
        turned_away=found.turned_away,
    )
