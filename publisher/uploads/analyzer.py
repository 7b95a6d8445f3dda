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
from publisher.faces import Face
from publisher.live.board import Board
from publisher.live.problems import NO_BROKER
from publisher.tracking.single_image import faces_of_image
from publisher.uploads.decoders import Decoders
from publisher.uploads.errors import NoAnswerError, late
from publisher.uploads.pending import Answer, PendingImages
from publisher.uploads.upload import TravellingImage, Upload


@dataclass(frozen=True, slots=True)
class AnalyzedImage:
    """What an upload is called, its picture as it travelled, and the faces in it."""

    name: str
    picture: TravellingImage
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
        self._decoders = Decoders()
        self._drawing = threading.Lock()  # one picture's pixels at a time: they may be 192 MB

    def analyze(self, uploads: Sequence[Upload], client: str) -> list[AnalyzedImage]:
        """Send all images on their way, then wait for each; all within the time limit.

        Args:
            uploads: The images.
            client: Who sent them.

        Raises:
            UploadError: One of them has no answer; says which and why.
        """
        deadline_s = time.monotonic() + IMAGE_LIMIT_S
        if not self._board.connected:
            raise NoAnswerError(Outcome.REFUSED, NO_BROKER.text)
        sent: list[tuple[str, TravellingImage, Answer]] = []
        try:
            for upload in uploads:
                image = self._decoders.for_travel(upload, client, deadline_s)
                sent.append((upload.name, image, self._requests.submit(image)))
            return [
                AnalyzedImage(name, image, _wait(name, answer, deadline_s))
                for name, image, answer in sent
            ]
        finally:
            for _, _, answer in sent:
                self._requests.forget(answer)

    def draw(self, image: AnalyzedImage, quality: int) -> bytes:
        """Return the annotated picture as a JPEG of ``quality`` 0 to 100."""
        from publisher.drawing.annotate import (  # noqa: PLC0415 - OpenCV, if anybody asks
            annotate,
            decode_jpeg,
            encode_jpeg,
        )

        with self._drawing:
            return encode_jpeg(annotate(decode_jpeg(image.picture.jpeg), image.faces), quality)

    def close(self) -> None:
        """End the decoders."""
        self._decoders.close()


def _wait(name: str, answer: Answer, deadline_s: float) -> tuple[Face, ...]:
    """Wait for the answer to one image and return its faces."""
    try:
        message = answer.result(max(0.0, deadline_s - time.monotonic()))
    except NotInTime:
        raise late(name) from None
    if message.outcome is not Outcome.ANALYZED:
        raise NoAnswerError(message.outcome, f"{name}: {message.reason}.")
    return faces_of_image(message.boxes, message.probabilities, message.poses, message.turned_away)
