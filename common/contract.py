"""The words that all processes agree on: modes, roles, what becomes of a frame or an image.

Nothing heavy is imported here, so that configurations and supervisors may import it. Each word is
its own text on the wire, in records and in ``/api/status``.
"""

from __future__ import annotations

from enum import Enum


class Word(str, Enum):
    """A word that is written as its value."""

    def __str__(self) -> str:
        """Return the value, in formatted text too."""
        return str(self.value)


class Mode(Word):
    """What is promised of a frame."""

    LIVE = "live"
    """The newest frame wins; what is late is dropped and counted."""
    LOSSLESS = "lossless"
    """Every frame of a recording is published, in order."""
    IMAGE = "image"
    """A single image that somebody waits for; no camera has this mode."""


class Role(Word):
    """What a peer of the broker does."""

    CAPTURE = "capture"
    DETECTOR = "detector"
    CLASSIFIER = "classifier"
    PUBLISHER = "publisher"


class Transport(Word):
    """How the pixels of a frame get from the capture to who looks at them."""

    RING = "ring"
    """They stay in a slot of the camera's ring."""
    INLINE = "inline"
    """They travel in the message, as a JPEG."""


class Fate(Word):
    """What became of a frame."""

    PUBLISHED = "published"
    FAILED = "failed"
    """It took down every worker that tried it."""
    DROPPED = "dropped"


class Cause(Word):
    """Why a frame was dropped.

    A lossless frame that is ``UNREADABLE`` has a record all the same, with the label failed.
    """

    SUPERSEDED = "superseded"
    """A newer frame came before anybody was free for this one."""
    TOO_OLD = "too_old"
    """It was not detected within ``MAX_FRAME_AGE_MS``."""
    NO_PUBLISHER = "no_publisher"
    PUBLISHER_SLOW = "publisher_slow"
    PUBLISHER_LOST = "publisher_lost"
    CAPTURE_LOST = "capture_lost"
    RING_FULL = "ring_full"
    UNREADABLE = "unreadable"
    """No detector could read its pixels."""
    BROKER_AWAY = "broker_away"
    BROKER_RESTART = "broker_restart"


class Outcome(Word):
    """What became of an image."""

    ANALYZED = "analyzed"
    FAILED = "failed"
    """It took down every worker that tried it."""
    REFUSED = "refused"
    """Too many images are in flight, or workers are missing."""
    LATE = "late"
    """It was given up after ``IMAGE_LIMIT_S``."""
    LOST = "lost"
    """The publisher that waited for it is gone."""


CAMERA_MODES = (Mode.LIVE, Mode.LOSSLESS)
WORKER_ROLES = (Role.DETECTOR, Role.CLASSIFIER)

IMAGE_LIMIT_S = 10.0
"""So long after it came an image is given up, by the broker and by whoever waits for it."""

MIN_LOSSLESS_SLOTS = 24
"""The fewest slots of a lossless capture: two runs of twelve frames, the longest that a detector is
handed, so that one run can fill while the one before is at work."""


def run_length(interval_frames: int, slots: int = MIN_LOSSLESS_SLOTS) -> int:
    """Return how many frames of a lossless run a detector is handed together.

    Each such run begins with a full search, so the faces that are found depend on it.

    Args:
        interval_frames: ``DETECTOR_INTERVAL``.
        slots: Frames that the capture's ring holds.
    """
    return max(1, min(interval_frames, MIN_LOSSLESS_SLOTS // 2, slots // 2))
