"""Images on their way through the pipeline, and who waits for them.

Requests are answered in threads of the web server, and the stage alone has the socket: it takes
from here what is to be sent and brings here what is answered.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from itertools import count

import numpy as np

from common.contract import Outcome
from common.face_model import LABELS
from common.messages import AnalyzeImage, ImageAnswer
from publisher.uploads.upload import TravellingImage

Answer = Future[ImageAnswer]
MAX_HELD_BYTES = 192 * 1024 * 1024
"""Of the pictures on their way, together; the broker takes some more."""


class PendingImages:
    """Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._has_left = threading.Condition(self._lock)
        self._numbers = count(1)
        self._pending: dict[int, tuple[AnalyzeImage, Answer]] = {}
        self._unsent: dict[int, None] = {}
        self._closed = False

    def submit(self, image: TravellingImage, deadline_s: float) -> Answer:
        """Send an image on its way; ``forget`` it when nobody waits for the answer any more.

        Args:
            image: The image.
            deadline_s: How long to wait for room, by the monotonic clock.

        Raises:
            TimeoutError: There is no room for it in time.
        """
        answer: Answer = Future()
        left_s = max(0.0, deadline_s - time.monotonic())
        with self._lock:
            if not self._has_left.wait_for(lambda: self._has_room(image), left_s):
                raise TimeoutError
            number = next(self._numbers)
            if self._closed:
                answer.set_result(_ending(number))
            else:
                message = AnalyzeImage(number, image.height, image.width, image.picture)
                self._pending[number] = message, answer
                self._unsent[number] = None
        return answer

    def forget(self, answer: Answer) -> None:
        """Wait no longer."""
        with self._lock:
            for number in [key for key, (_, held) in self._pending.items() if held is answer]:
                self._remove(number)

    def unsent(self) -> list[AnalyzeImage]:
        """Return what is to be sent to the broker, oldest first."""
        with self._lock:
            return [self._pending[number][0] for number in self._unsent]

    def mark_sent(self, message: AnalyzeImage) -> None:
        """Note that the broker has an image."""
        with self._lock:
            self._unsent.pop(message.request_id, None)

    def send_again(self) -> None:
        """Note that the broker knows nothing: it was restarted, or had given this publisher up."""
        with self._lock:
            self._unsent = dict.fromkeys(self._pending)

    def take_answer(self, message: ImageAnswer) -> None:
        """Hand an answer to who waits for it."""
        with self._lock:
            found = self._pending.get(message.request_id)
            self._remove(message.request_id)
        if found is not None:
            found[1].set_result(message)

    def close(self) -> None:
        """Tell everybody who waits that the publisher is ending."""
        with self._lock:
            self._closed = True
            numbers = list(self._pending)
        for number in numbers:
            self.take_answer(_ending(number))

    def _has_room(self, image: TravellingImage) -> bool:
        """Return whether an image may come in now; one alone always may."""
        held = sum(len(message.picture) for message, _ in self._pending.values())
        return self._closed or not held or held + len(image.picture) <= MAX_HELD_BYTES

    def _remove(self, number: int) -> None:
        self._pending.pop(number, None)
        self._unsent.pop(number, None)
        self._has_left.notify_all()


def _ending(number: int) -> ImageAnswer:
    return ImageAnswer(
        number,
        Outcome.REFUSED,
        "the pipeline is ending",
        np.zeros((0, 4), np.int32),
        np.zeros((0, len(LABELS)), np.float32),
    )
