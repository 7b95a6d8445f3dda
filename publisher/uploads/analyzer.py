"""Images through the pipeline, and the faces that were found in them.

An image takes the way of a frame that may not be dropped: broker, detector, classifier, and back.
It is all or nothing: where one image of a request cannot be answered, the request is not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass

from common.contract import IMAGE_LIMIT_S, Outcome
from common.messages import ImageAnswer
from publisher.drawing.annotate import annotate, encode_jpeg
from publisher.faces import TURNED_AWAY, Face, rounded_poses
from publisher.live.board import Board
from publisher.live.problems import NO_BROKER
from publisher.tracking.smoothing import smooth
from publisher.uploads.errors import NoAnswerError
from publisher.uploads.image import for_travel, pixels_of
from publisher.uploads.pending import Answer, PendingImages
from publisher.uploads.upload import TravellingImage, Upload


@dataclass(frozen=True, slots=True)
class AnalyzedImage:
    """An upload, the size of its picture in pixels, and the faces in it."""

    upload: Upload
    height: int
    width: int
    faces: tuple[Face, ...]


class Analyzer:
    """Sends images through the pipeline and waits for them; for any number of threads.

    Args:
        requests: Takes the images.
        board: Tells whether there is a broker.
    """

    def __init__(self, requests: PendingImages, board: Board) -> None:
        self._requests = requests
        self._board = board
        self._decoding = threading.Lock()  # one picture's pixels at a time: they may be 192 MB

    def analyze(self, uploads: Sequence[Upload]) -> list[AnalyzedImage]:
        """Send all images on their way, then wait for each; all within the time limit.

        Raises:
            UploadError: One of them has no answer; says which and why.
        """
        deadline_s = time.monotonic() + IMAGE_LIMIT_S
        if not self._board.connected:
            raise NoAnswerError(Outcome.REFUSED, NO_BROKER.text)
        sent: list[tuple[Upload, TravellingImage, Answer]] = []
        try:
            for upload in uploads:
                image = self._ready(upload, deadline_s)
                sent.append((upload, image, self._requests.submit(image)))
            return [
                AnalyzedImage(upload, image.height, image.width, _wait(upload, answer, deadline_s))
                for upload, image, answer in sent
            ]
        finally:
            for _, _, answer in sent:
                self._requests.forget(answer)

    def _ready(self, upload: Upload, deadline_s: float) -> TravellingImage:
        if not self._decoding.acquire(timeout=_left_s(deadline_s)):
            raise _late(upload)
        try:
            return for_travel(upload)
        finally:
            self._decoding.release()

    def draw(self, image: AnalyzedImage, quality: int) -> bytes:
        """Return the annotated picture as a JPEG of ``quality`` 0 to 100."""
        with self._decoding:
            return encode_jpeg(annotate(pixels_of(image.upload), image.faces), quality)


def _wait(upload: Upload, answer: Answer, deadline_s: float) -> tuple[Face, ...]:
    """Wait for the answer to one image and return its faces."""
    try:
        message = answer.result(_left_s(deadline_s))
    except NotInTime:
        raise _late(upload) from None
    if message.outcome is not Outcome.ANALYZED:
        raise NoAnswerError(message.outcome, f"{upload.name}: {message.reason}.")
    return _faces(message)


def _left_s(deadline_s: float) -> float:
    return max(0.0, deadline_s - time.monotonic())


def _late(upload: Upload) -> NoAnswerError:
    return NoAnswerError(Outcome.LATE, f"{upload.name}: not done after {IMAGE_LIMIT_S:.0f} s.")


def _faces(message: ImageAnswer) -> tuple[Face, ...]:
    """Make faces as they are shown. They are in no track, so a label is that of one sighting."""
    faces = []
    boxes, rows = message.boxes.tolist(), message.probabilities.tolist()
    poses = rounded_poses(message.poses) or (None,) * len(boxes)
    turned_away = message.turned_away or (False,) * len(boxes)
    for (x, y, w, h), row, pose, away in zip(boxes, rows, poses, turned_away, strict=True):
        box = x, y, w, h
        if away:
            face = Face(box, 0, True, TURNED_AWAY, None, (), (), False, pose)
        else:
            seen = smooth(None, row, 0.0)
            found = seen.probabilities
            face = Face(box, 0, True, seen.label, seen.confidence, (), found, False, pose)
        faces.append(face)
    return tuple(faces)
