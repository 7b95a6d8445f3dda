"""What the processes say to each other, one frozen struct a message.

A peer is anything connected to the broker: a capture, detector, classifier or publisher. The types
are the schema: ``common/wire.py`` turns messages into bytes by them, and refuses bytes that do not
fit. This module knows neither sockets nor the wire. Arrays that describe the same faces have the
same length, which each message checks when it is made.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta, Struct, field

from common.contract import Cause, Fate, Mode, Outcome, Role
from common.errors import MessageError
from common.face_model import FACE_SIZE_PX, LABELS, Boxes, Crops, Poses, Probabilities, no_poses

MAX_INT = 2**62
"""Low enough that what is counted on from a number received can still be sent."""
MAX_ITEMS = 10_000
MAX_TEXT = 65_536
MAX_REASON = 256
MAX_NAME = 256
"""Characters of a name that is kept: of a peer, which has a host's in it, or of a camera."""
MAX_PATH = 4096
MAX_RECORDED = 1024
"""Cameras of which a publisher says what it has on disk: four times those of a broker."""
MAX_FACTS = 16
MAX_FACT = 512
MAX_FLOAT = float(np.finfo(np.float64).max)

Int = Annotated[int, Meta(ge=-MAX_INT, le=MAX_INT)]
Float = Annotated[float, Meta(ge=-MAX_FLOAT, le=MAX_FLOAT)]
"""A finite number."""
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Name = Annotated[str, Meta(max_length=MAX_NAME)]
Path = Annotated[str, Meta(max_length=MAX_PATH)]
Many = Meta(max_length=MAX_ITEMS)
Fact = Annotated[str, Meta(max_length=MAX_FACT)] | Int | Float | bool | None
About = Annotated[dict[Annotated[str, Meta(max_length=MAX_FACT)], Fact], Meta(max_length=MAX_FACTS)]
"""What results depend on, and are to be kept with: settings, versions, hashes of files."""

ROW_SHAPES: dict[np.dtype[Any], tuple[int, ...]] = {
    np.dtype(np.int32): (4,),  # boxes
    np.dtype(np.uint8): (FACE_SIZE_PX, FACE_SIZE_PX),  # crops
    np.dtype(np.float32): (len(LABELS),),  # probabilities
    np.dtype(np.float64): (3,),  # poses
}
"""The shape of one row of each array that travels: they are told apart by dtype."""


class Value(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a message."""


class Sent(Value, frozen=True, tag=True, tag_field="type"):
    """A message; on the wire it begins with the name of its type."""


def _check_rows(message: object, **lengths: int) -> None:
    """Refuse a message whose arrays do not describe the same number of faces."""
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise MessageError(f"{type(message).__name__}: expected as many of each, got {found}")


def _check_poses(
    message: object, boxes: Boxes, poses: Poses, turned_away: tuple[bool, ...]
) -> None:
    """Refuse a message that says something of the heads of some faces, and nothing of others."""
    if len(poses):
        _check_rows(message, boxes=len(boxes), poses=len(poses))
    if turned_away:
        _check_rows(message, boxes=len(boxes), turned_away=len(turned_away))


class Restarts(Value, frozen=True):
    """How often a process had to be started again in its place, and why the last time."""

    count: Int = 0
    reason: Annotated[str, Meta(max_length=MAX_REASON)] = ""


NEVER = Restarts()


# --- from a peer to the broker ------------------------------------------------------------------


class WorkerHello(Sent, frozen=True):
    """A detector or classifier joins, and asks for work: it is handed some whenever it has none.

    Attributes:
        role: ``detector`` or ``classifier``.
        name: What people see: host and process.
        instance: Stays the same when a supervisor restarts the worker, so that the broker retires
            the one before at once instead of waiting for its heartbeats to stop.
        capacity: Frames between full searches (detector) or faces a batch (classifier).
    """

    role: Role
    name: Name
    instance: Name
    capacity: Int
    restarts: Restarts = NEVER
    about: About = field(default_factory=dict)


class CameraHello(Sent, frozen=True):
    """A capture joins, or returns to a broker that was restarted.

    The counters are what became of its frames so far, as told by ``Release``; a broker that has
    never heard of the camera goes on from them.
    """

    name: Name
    instance: Name
    camera: Text
    mode: Mode
    total_frames: Int  # in the source as its container says; 0 is unknown
    slots: Int  # frames the ring holds at once
    captured: Int
    published: Int
    failed: Int
    dropped: Annotated[dict[Cause, Int], Many] = field(default_factory=dict)
    restarts: Restarts = NEVER
    by_honcho: bool = False  # else somebody added it by hand
    is_recording: bool = False  # else it goes on until it is unplugged
    about: About = field(default_factory=dict)


class PublisherHello(Sent, frozen=True):
    """A publisher joins; ``recorded`` is the last frame_id it has on disk, by camera."""

    name: Name
    instance: Name
    recorded: Annotated[dict[Name, Int], Meta(max_length=MAX_RECORDED)] = field(
        default_factory=dict
    )
    restarts: Restarts = NEVER


class Frame(Sent, frozen=True):
    """One captured frame: where its pixels are, not the pixels.

    Pixels are ``(height, width, 3) uint8`` BGR in slot ``slot`` of the ring file ``ring``, or,
    where ``picture`` is not empty, in that: a JPEG, or, of a single image, also a PPM of RGB or a
    PGM of grey. ``captured_mono_ns`` is of the capturing host's monotonic clock and means nothing
    on another host. A frame that is ``failed`` could not be decoded: its pixels are black, and
    nobody looks for faces in them.
    """

    camera: Name
    frame_id: Int
    pts_s: Float
    captured_at_ns: Int  # wall clock, only to show
    captured_mono_ns: Int
    height: Int
    width: Int
    ring: Path
    slot: Int
    picture: bytes = b""
    cut: bool = False  # to be searched and judged by itself: an image
    source: Name = ""  # the name of its file where it has one of its own, as in a folder
    failed: bool = False


class FrameSkipped(Sent, frozen=True):
    """The capture read a frame and had no free slot for it."""

    camera: Name
    frame_id: Int
    cause: Cause


class CameraState(Sent, frozen=True):
    """The camera went away (``online`` false, and why) or came back."""

    camera: Name
    online: bool
    reason: Text


class EndOfSource(Sent, frozen=True):
    """The source has no more frames."""

    camera: Text


class Faces(Sent, frozen=True):
    """A detector's answer for one frame of its run: boxes and their crops, in the same order.

    Poses are empty where the detector finds no landmarks. ``turned_away`` marks the faces that are
    turned too far to be judged, and is empty where none is.
    """

    work_id: Int
    frame_id: Int
    boxes: Boxes
    crops: Crops
    poses: Poses = field(default_factory=no_poses)
    turned_away: Annotated[tuple[bool, ...], Many] = ()

    def __post_init__(self) -> None:
        _check_rows(self, boxes=len(self.boxes), crops=len(self.crops))
        _check_poses(self, self.boxes, self.poses, self.turned_away)


class Expressions(Sent, frozen=True):
    """A classifier's answer for its whole batch, in the batch's order."""

    work_id: Int
    probabilities: Probabilities


class WorkFailed(Sent, frozen=True):
    """The worker could not do its work, and lives on."""

    work_id: Int
    reason: Text


class Published(Sent, frozen=True):
    """The publisher has shown, and written where it records, this frame."""

    camera: Name
    frame_id: Int


class AnalyzeImage(Sent, frozen=True):
    """A publisher asks what is to be seen in a single image, grey or colour."""

    request_id: Int  # of this publisher
    height: Int
    width: Int
    picture: bytes  # a JPEG, PPM or PGM


class Status(Sent, frozen=True):
    """A peer's heartbeat, every second, with what it counted since it started."""

    done: Int  # frames (capture, detector, publisher) or faces (classifier)
    busy_ms: Float  # time spent working, not waiting
    bad_messages: Int


class Bye(Sent, frozen=True):
    """The peer leaves in order."""


# --- from the broker to a peer ------------------------------------------------------------------


class Welcome(Sent, frozen=True):
    """The broker has taken the peer in. ``next_frame_id`` is where a capture goes on counting.

    A recording that is to play live gets it again whenever somebody joins, until nobody is
    ``awaited`` any more: of none of these roles has anybody joined yet, and frames that were played
    before would be lost.
    """

    next_frame_id: Int
    awaited: Annotated[tuple[Role, ...], Many] = ()


class Refused(Sent, frozen=True):
    """The broker will not have this peer: it should end and show the reason."""

    reason: Text


class WhoAreYou(Sent, frozen=True):
    """The broker does not know the peer, having been restarted or having given it up: say hello."""


class Heartbeat(Sent, frozen=True):
    """The broker lives."""


class DetectRun(Sent, frozen=True):
    """Frames of one camera for one detector, to be answered one ``Faces`` each, in order."""

    work_id: Int
    mode: Mode
    frames: Annotated[tuple[Frame, ...], Many]


class ClassifyBatch(Sent, frozen=True):
    """Faces of any frames and cameras, to be answered by one ``Expressions``."""

    work_id: Int
    crops: Crops


class FrameTimes(Value, frozen=True):
    """When a frame passed the broker, in nanoseconds of the broker's monotonic clock."""

    received_ns: Int = 0
    detecting_ns: Int = 0  # handed to a detector
    detected_ns: Int = 0
    complete_ns: Int = 0  # classified, or gone on without
    sent_ns: Int = 0  # all frames before it are through too: sent to the publishers


class Result(Sent, frozen=True):
    """A finished frame for a publisher, in the order of its camera.

    ``reused`` marks, face by face, those whose classification came too late or not at all; their
    probabilities are zeros and the track's last ones are to be shown. ``poses`` and ``turned_away``
    are as in ``Faces``; what is turned away has zeros, too, and is not reused. A ``failed`` frame
    has no faces: it could not be decoded, or it killed, or could not be read by, every worker that
    tried it.
    """

    frame: Frame
    mode: Mode
    failed: bool
    boxes: Boxes
    probabilities: Probabilities
    reused: Annotated[tuple[bool, ...], Many]
    times: FrameTimes = FrameTimes()
    poses: Poses = field(default_factory=no_poses)
    turned_away: Annotated[tuple[bool, ...], Many] = ()

    def __post_init__(self) -> None:
        _check_poses(self, self.boxes, self.poses, self.turned_away)
        _check_rows(
            self,
            boxes=len(self.boxes),
            probabilities=len(self.probabilities),
            reused=len(self.reused),
        )


class ImageAnswer(Sent, frozen=True):
    """What became of an image: its faces, or an outcome without any and the reason.

    ``poses`` and ``turned_away`` are as in ``Faces``.
    """

    request_id: Int
    outcome: Outcome
    reason: Text
    boxes: Boxes
    probabilities: Probabilities
    poses: Poses = field(default_factory=no_poses)
    turned_away: Annotated[tuple[bool, ...], Many] = ()

    def __post_init__(self) -> None:
        _check_poses(self, self.boxes, self.poses, self.turned_away)
        _check_rows(self, boxes=len(self.boxes), probabilities=len(self.probabilities))


class Release(Sent, frozen=True):
    """The capture may use the slot again; what became of the frame."""

    camera: Name
    frame_id: Int
    fate: Fate
    cause: Cause | None = None


class CameraStatus(Value, frozen=True):
    """The ledger of one camera: ``captured = published + dropped + failed + in_flight``."""

    camera: Name
    mode: Mode
    online: bool
    reason: Text
    ended: bool
    total_frames: Int
    captured: Int
    published: Int
    failed: Int
    in_flight: Int
    dropped: Annotated[dict[Cause, Int], Many]
    about: About = field(default_factory=dict)
    is_recording: bool = False


class PeerStatus(Value, frozen=True):
    """One living peer as the broker sees it."""

    role: Role
    name: Name
    done: Int
    busy_ms: Float
    bad_messages: Int
    restarts: Restarts = NEVER
    about: About = field(default_factory=dict)


class QueueStatus(Value, frozen=True):
    """What waits for workers of one role: frames (detector) or faces (classifier)."""

    role: Role
    waiting: Int
    oldest_ms: Float  # how long the one has waited that waits longest; 0 where none does


class ImageStatus(Value, frozen=True):
    """The ledger of images: ``taken = analyzed + failed + late + lost + in_flight``."""

    taken: Int = 0
    analyzed: Int = 0
    failed: Int = 0
    late: Int = 0
    lost: Int = 0  # with the publisher that waited
    in_flight: Int = 0
    refused: Int = 0  # never taken


class PipelineStatus(Sent, frozen=True):
    """Everything the broker knows, to publishers, several times a second.

    ``batches`` counts those handed to classifiers by the number of faces in them.
    """

    uptime_s: Float
    bad_messages: Int
    cameras: Annotated[tuple[CameraStatus, ...], Many]
    peers: Annotated[tuple[PeerStatus, ...], Many]
    queues: Annotated[tuple[QueueStatus, ...], Many] = ()
    batches: Annotated[dict[Int, Int], Many] = field(default_factory=dict)
    images: ImageStatus = ImageStatus()
    restarts: Restarts = NEVER  # of the broker


class Finish(Sent, frozen=True):
    """Every source has ended and every frame is accounted for: finalise and end."""


Message = (
    WorkerHello
    | CameraHello
    | PublisherHello
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
