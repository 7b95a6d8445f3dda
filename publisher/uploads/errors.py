"""Why an upload is not answered, one small tree.

::

    UploadError
    ├── BadImageError        it is no image that is taken, or damaged
    ├── ImageTooLargeError   it has too many pixels
    └── NoAnswerError        the pipeline has not analyzed it
"""

from __future__ import annotations

from common.contract import Outcome
from common.errors import FerstreamError


class UploadError(FerstreamError):
    """An upload is not answered. The message names the image and says why."""


class BadImageError(UploadError):
    """It is not an image of a format that is taken, or it is damaged."""


class ImageTooLargeError(UploadError):
    """It has too many pixels; none of them was decoded."""


class NoAnswerError(UploadError):
    """The pipeline has not analyzed it.

    Args:
        outcome: What became of it: not taken, failed, or too late.
        text: The message.
    """

    def __init__(self, outcome: Outcome, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome
