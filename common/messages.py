"""What the processes say to each other, one frozen dataclass a message.

A peer is anything connected to the broker: a capture, detector, classifier or publisher. This
module knows neither sockets nor the wire format; ``common/wire.py`` turns these into bytes.
Array fields carry their shape in the annotation; ``None`` in a shape is any length, and all the
fields of one message that share a leading ``None`` are checked by whoever uses them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from common.face_model import FACE_SIZE_PX, LABELS

DETECTOR = "detector"
CLASSIFIER = "classifier"
WORKER_ROLES = (DETECTOR, CLASSIFIER)

LIVE = "live"
LOSSLESS = "lossless"
MODES = (LIVE, LOSSLESS)

REQUEST = "request"
"""The mode of a single image that somebody waits for; no camera has it."""
REQUEST_LIMIT_S = 10.0
"""So long after it came an image is given up, by the broker and by whoever waits for it."""

MIN_LOSSLESS_SLOTS = 24
"""A lossless capture has at least so many slots; half of them is the longest run of frames that a
detector is handed, so that one run can fill while the one before is at work."""

FATE_PUBLISHED = "published"
FATE_FAILED = "failed"
FATE_DROPPED = "dropped"

OUTCOME_ANALYZED = "analyzed"
OUTCOME_FAILED = "failed"  # it took down every worker that tried it
OUTCOME_REFUSED = "refused"  # too many are in flight, or workers are missing
OUTCOME_LATE = "late"  # given up after ``REQUEST_LIMIT_S``


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """Shape and dtype that an array field must have on the wire."""

    dtype: str
    shape: tuple[int | None, ...]


BoxArray = Annotated[NDArray[np.int32], ArraySpec("int32", (None, 4))]
"""``(n, 4) int32`` x, y, w, h in pixels of the full frame."""
CropArray = Annotated[NDArray[np.uint8], ArraySpec("uint8", (None, FACE_SIZE_PX, FACE_SIZE_PX))]
"""``(n, 48, 48) uint8`` grey faces."""
ProbabilityArray = Annotated[NDArray[np.float32], ArraySpec("float32", (None, len(LABELS)))]
"""``(n, 7) float32`` in the order of ``face_model.LABELS``."""


# --- from a peer to the broker ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WorkerHello:
    """A detector or classifier joins.

    Attributes:
        role: ``detector`` or ``classifier``.
        name: What people see: host and process.
        instance: Stays the same when a supervisor restarts the worker, so that the broker retires
            the one before at once instead of waiting for its heartbeats to stop.
        capacity: Frames between full searches (detector) or faces a batch (classifier).
    """

    role: str
    name: str
    instance: str
    capacity: int


@dataclass(frozen=True, slots=True)
class CameraHello:
    """A capture joins, or returns to a broker that was restarted.

    The counters are what became of its frames so far, as told by ``Release``; a broker that has
    never heard of the camera goes on from them.
    """

    name: str
    instance: str
    camera: str
    mode: str
    total_frames: int  # in the source as its container says; 0 is unknown
    slots: int  # frames the ring holds at once
    captured: int
    published: int
    failed: int
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublisherHello:
    """A publisher joins; ``recorded`` is the last frame_id it has on disk, by camera."""

    name: str
    instance: str
    recorded: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has nothing to do: hand it work."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured frame: where its pixels are, not the pixels.

    Pixels are ``(height, width, 3) uint8`` BGR in slot ``slot`` of the ring file ``ring``, or,
    where ``jpeg`` is not empty, in that JPEG. ``captured_mono_ns`` is of the capturing host's
    monotonic clock and means nothing on another host.
    """

    camera: str
    frame_id: int
    pts_s: float
    captured_at_ns: int  # wall clock, only to show
    captured_mono_ns: int
    height: int
    width: int
    ring: str
    slot: int
    jpeg: bytes = b""
    cut: bool = False  # has nothing to do with the frame before: an image of a folder


@dataclass(frozen=True, slots=True)
class FrameSkipped:
    """The capture read a frame and had no free slot for it."""

    camera: str
    frame_id: int
    cause: str


@dataclass(frozen=True, slots=True)
class CameraState:
    """The camera went away (``online`` false, and why) or came back."""

    camera: str
    online: bool
    reason: str


@dataclass(frozen=True, slots=True)
class EndOfSource:
    """The source has no more frames."""

    camera: str


@dataclass(frozen=True, slots=True)
class Faces:
    """A detector's answer for one frame of its run: boxes and their crops, in the same order."""

    work_id: int
    frame_id: int
    boxes: BoxArray
    crops: CropArray


@dataclass(frozen=True, slots=True)
class Expressions:
    """A classifier's answer for its whole batch, in the batch's order."""

    work_id: int
    probabilities: ProbabilityArray


@dataclass(frozen=True, slots=True)
class WorkFailed:
    """The worker could not do its work, and lives on."""

    work_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Published:
    """The publisher has shown, and written where it records, this frame."""

    camera: str
    frame_id: int


@dataclass(frozen=True, slots=True)
class AnalyzeImage:
    """A publisher asks what is to be seen in a single image, grey or colour."""

    request_id: int  # of this publisher
    height: int
    width: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Status:
    """A peer's heartbeat, every second, with what it counted since it started."""

    done: int  # frames (capture, detector, publisher) or faces (classifier)
    busy_ms: float  # time spent working, not waiting
    bad_messages: int


@dataclass(frozen=True, slots=True)
class Bye:
    """The peer leaves in order."""


# --- from the broker to a peer ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Welcome:
    """The broker has taken the peer in. ``next_frame_id`` is where a capture goes on counting."""

    next_frame_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker will not have this peer: it should end and show the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class WhoAreYou:
    """The broker does not know the peer, having been restarted or having given it up: say hello."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The broker lives."""


@dataclass(frozen=True, slots=True)
class DetectRun:
    """Frames of one camera for one detector, to be answered one ``Faces`` each, in order."""

    work_id: int
    mode: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class ClassifyBatch:
    """Faces of any frames and cameras, to be answered by one ``Expressions``."""

    work_id: int
    crops: CropArray


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """When a frame passed the broker, in nanoseconds of the broker's monotonic clock."""

    received_ns: int = 0
    detecting_ns: int = 0  # handed to a detector
    detected_ns: int = 0
    complete_ns: int = 0  # classified, or gone on without
    sent_ns: int = 0  # all frames before it are through too: sent to the publishers


@dataclass(frozen=True, slots=True)
class Result:
    """A finished frame for a publisher, in the order of its camera.

    ``reused`` marks, face by face, those whose classification came too late or not at all; their
    probabilities are zeros and the track's last ones are to be shown. A ``failed`` frame has no
    faces: it killed, or could not be read by, every worker that tried it.
    """

    frame: Frame
    mode: str
    failed: bool
    boxes: BoxArray
    probabilities: ProbabilityArray
    reused: tuple[bool, ...]
    times: FrameTimes = FrameTimes()


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    """What became of an image: its faces, or an outcome without any and the reason."""

    request_id: int
    outcome: str
    reason: str
    boxes: BoxArray
    probabilities: ProbabilityArray


@dataclass(frozen=True, slots=True)
class Release:
    """The capture may use the slot again; what became of the frame."""

    camera: str
    frame_id: int
    fate: str
    cause: str


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """The ledger of one camera: ``captured = published + dropped + failed + in_flight``."""

    camera: str
    mode: str
    online: bool
    reason: str
    ended: bool
    total_frames: int
    captured: int
    published: int
    failed: int
    in_flight: int
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """One living peer as the broker sees it."""

    role: str
    name: str
    done: int
    busy_ms: float
    bad_messages: int


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """What waits for workers of one role: frames (detector) or faces (classifier)."""

    role: str
    waiting: int
    oldest_ms: float  # how long the one has waited that waits longest; 0 where none does


@dataclass(frozen=True, slots=True)
class ImageStatus:
    """The ledger of images: ``taken = analyzed + failed + late + lost + in_flight``."""

    taken: int = 0
    analyzed: int = 0
    failed: int = 0
    late: int = 0
    lost: int = 0  # with the publisher that waited
    in_flight: int = 0
    refused: int = 0  # never taken


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """Everything the broker knows, to publishers, several times a second.

    ``batches`` counts those handed to classifiers by the number of faces in them.
    """

    uptime_s: float
    bad_messages: int
    cameras: tuple[CameraStatus, ...]
    peers: tuple[PeerStatus, ...]
    queues: tuple[QueueStatus, ...] = ()
    batches: dict[str, int] = field(default_factory=dict)
    requests: ImageStatus = ImageStatus()


@dataclass(frozen=True, slots=True)
class Finish:
    """Every source has ended and every frame is accounted for: finalise and end."""


Message = (
    WorkerHello
    | CameraHello
    | PublisherHello
    | Ready
    | Frame
    | FrameSkipped
    | CameraState
    | EndOfSource
    | Faces
    | Expressions
    | WorkFailed
    | Published
    | AnalyzeImage
    | Status
    | Bye
    | Welcome
    | Refused
    | WhoAreYou
    | Heartbeat
    | DetectRun
    | ClassifyBatch
    | Result
    | ImageAnswer
    | Release
    | PipelineStatus
    | Finish
)
