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
    """What an upload is called, its size in pixels, and the faces in it."""

    name: str
    height: int
    width: int
    faces: tuple[Face, ...]


class Analyzer:
    """Sends images through the pipeline and waits for them; for any number of threads.

    Args:
        requests: Takes the images.
        board: Tells whether there is a broker.
        is_local: Whether pictures stay on this machine. Then their pixels travel as they are, and
            the answer is that of the same image as a source.
    """

    def __init__(self, requests: PendingImages, board: Board, *, is_local: bool) -> None:
        self._requests = requests
        self._board = board
        self._decoders = Decoders(as_it_is=is_local)
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
        sent: list[_Sent] = []
        try:
            for upload in uploads:
                sent.append(self._send(upload, client, deadline_s)[1])  # noqa: PERF401 - one may fail
            return [one.wait(deadline_s) for one in sent]
        finally:
            for one in sent:
                self._requests.forget(one.answer)

    def draw(self, upload: Upload, client: str, quality: int) -> bytes:
        """Analyse one image and return its annotated picture as a JPEG of ``quality`` 0 to 100.

        Raises:
            UploadError: It has no answer; says why.
        """
        from common.frames import picture_pixels  # noqa: PLC0415 - OpenCV, if anybody asks
        from publisher.drawing.annotate import annotate, encode_jpeg  # noqa: PLC0415 - likewise

        deadline_s = time.monotonic() + IMAGE_LIMIT_S
        image, sent = self._send(upload, client, deadline_s)
        try:
            faces = sent.wait(deadline_s).faces
        finally:
            self._requests.forget(sent.answer)
        with self._drawing:
            bgr = picture_pixels(image.picture, image.height, image.width)
            return encode_jpeg(annotate(bgr, faces), quality)

    def _send(
        self, upload: Upload, client: str, deadline_s: float
    ) -> tuple[TravellingImage, _Sent]:
        """Send an image on its way; return it as it travels, and who waits for it."""
        if not self._board.connected:
            raise NoAnswerError(Outcome.REFUSED, NO_BROKER.text)

        def submit(image: TravellingImage) -> tuple[TravellingImage, _Sent]:
            try:
                answer = self._requests.submit(image, deadline_s)
            except TimeoutError:
                raise late(upload.name) from None
            return image, _Sent(upload.name, image.height, image.width, answer)

        return self._decoders.for_travel(upload, client, deadline_s, submit)

    def close(self) -> None:
        """End the decoders."""
        self._decoders.close()


@dataclass(frozen=True, slots=True)
class _Sent:
    """An image on its way, without its pixels, of which there may be too many to keep."""

    name: str
    height: int
    width: int
    answer: Answer

    def wait(self, deadline_s: float) -> AnalyzedImage:
        """Wait for the answer and return it with the faces."""
        try:
            message = self.answer.result(max(0.0, deadline_s - time.monotonic()))
        except NotInTime:
            raise late(self.name) from None
        if message.outcome is not Outcome.ANALYZED:
            raise NoAnswerError(message.outcome, f"{self.name}: {message.reason}.")
        faces = faces_of_image(
            message.boxes, message.probabilities, message.poses, message.turned_away
        )
        return AnalyzedImage(self.name, self.height, self.width, faces)
