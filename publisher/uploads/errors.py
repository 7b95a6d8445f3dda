"""Why an upload is not answered, one small tree.

::

    UploadError
    ├── BadImageError        it is no image that is taken, is damaged, or takes too long to decode
    ├── ImageTooLargeError   it has too many pixels, or takes too much memory to decode
    └── NoAnswerError        the pipeline has not analyzed it
"""

from __future__ import annotations

from common.contract import IMAGE_LIMIT_S, Outcome
from common.errors import FerstreamError


class UploadError(FerstreamError):
    """An upload is not answered. The message names the image and says why."""


class BadImageError(UploadError):
    """It is not an image of a format that is taken, is damaged, or takes too long to decode."""


class ImageTooLargeError(UploadError):
    """It has too many pixels, or takes too much memory to decode."""


class NoAnswerError(UploadError):
    """The pipeline has not analyzed it.

    Args:
        outcome: What became of it: not taken, failed, or too late.
        text: The message.
    """

    def __init__(self, outcome: Outcome, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome


def late(name: str) -> NoAnswerError:
    """Say that an image is not done in time."""
    return NoAnswerError(Outcome.LATE, f"{name}: not done after {IMAGE_LIMIT_S:.0f} s.")
