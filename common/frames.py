"""From a ``Frame`` message to its pixels."""

from __future__ import annotations

import cv2
import numpy as np

from common.errors import SourceError
from common.messages import Frame
from common.ring import Bgr, RingReader


def frame_pixels(frame: Frame, rings: RingReader) -> Bgr:
    """Give the frame's pixels, ``(height, width, 3) uint8`` BGR, read-only.

    Raises:
        SourceError: The ring is gone or the JPEG is not one of the announced size.
    """
    if not frame.jpeg:
        return rings.read(frame.ring, frame.slot, frame.height, frame.width)
    decoded = cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None or decoded.shape != (frame.height, frame.width, 3):
        raise SourceError(
            f"frame {frame.frame_id} of {frame.camera} carries no JPEG of "
            f"{frame.width}x{frame.height}"
        )
    return np.asarray(decoded, dtype=np.uint8)
