"""What the broker has in hand: frames on their way, and the runs made of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from common.broker.peers import Peer
from common.contract import Cause, Fate, Mode
from common.face_model import LABELS, Boxes, Crops, Poses, Probabilities, no_boxes, no_poses
from common.messages import Faces, Frame, FrameTimes, Release, Result

MAX_DEATHS = 3
"""Workers a frame may take down before it is marked failed."""
FEW_FACES = 20
"""Of a frame; what so few take of the memory is not worth looking after."""


class JobState(Enum):
    """How far a frame has come."""

    WAITING = "waiting for a detector"
    DETECTING = "with a detector"
    CLASSIFYING = "its faces wait for, or are with, a classifier"
    COMPLETE = "waiting for the frames before it, or for a publisher"
    PUBLISHING = "with the publishers"
    ENDED = "counted; what is still said of it is ignored"


def no_probabilities(faces: int) -> Probabilities:
    """Return ``(faces, 7) float32`` zeros: nothing is known yet."""
    return np.zeros((faces, len(LABELS)), np.float32)


NO_BOXES = no_boxes()
NO_POSES = no_poses()
NO_PROBABILITIES = no_probabilities(0)


@dataclass(slots=True, eq=False)
class Job:
    """One frame, or single image, in flight.

    Attributes:
        frame: The frame as its capture sent it; a single image is a frame whose camera is "", a
            name that no camera can have.
        capture: The peer whose slot it is in, None where it is a single image.
        unknown: Indices of the faces that have no probabilities yet and are to get some.
        with_classifiers: How many of its faces are with a classifier now.
        unread_since_ns: When a detector first could not read it.
        deaths: How many detectors died or failed on it.
        face_deaths: How many classifiers died or failed on each of its faces.
        replayed: Whether it was counted before its capture or the broker was lost, and is detected
            again only for what is found in the frames behind it.
        cause: Why it failed, where that was not that workers died on it.
        awaiting: Publishers that have it and have not acknowledged it.
        acknowledged: Whether any publisher has acknowledged it.
        run: The run that may still have to be detected again from its pixels.
    """

    frame: Frame
    mode: Mode
    received_ns: int
    capture: Peer | None = None
    state: JobState = JobState.WAITING
    boxes: Boxes = field(default_factory=lambda: NO_BOXES)
    crops: Crops | None = None
    poses: Poses = field(default_factory=lambda: NO_POSES)
    turned_away: tuple[bool, ...] = ()
    probabilities: Probabilities = field(default_factory=lambda: NO_PROBABILITIES)
    unknown: set[int] = field(default_factory=set)
    with_classifiers: int = 0
    unread_since_ns: int | None = None
    deaths: int = 0
    face_deaths: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    replayed: bool = False
    failed: bool = False
    cause: Cause | None = None
    awaiting: set[bytes] = field(default_factory=set)
    acknowledged: bool = False
    run: Run | None = None
    detecting_ns: int = 0
    detected_ns: int = 0
    complete_ns: int = 0

    @property
    def name(self) -> str:
        """What people know it by."""
        if self.mode is Mode.IMAGE:
            return f"image {self.frame.frame_id}"
        return f"camera {self.frame.camera} frame {self.frame.frame_id}"

    @property
    def fate(self) -> Fate:
        """What has become of it when a publisher has acknowledged it."""
        if self.cause is not None:
            return Fate.DROPPED
        return Fate.FAILED if self.failed else Fate.PUBLISHED

    def set_faces(self, faces: Faces, now_ns: int) -> None:
        """Take a detector's answer; faces that are turned away have nothing to wait for."""
        self.detected_ns = now_ns
        self.boxes, self.crops = faces.boxes, faces.crops
        self.poses, self.turned_away = faces.poses, faces.turned_away
        self.probabilities = no_probabilities(len(self.boxes))
        self.unknown = set(range(len(self.boxes)))
        self.unknown -= {index for index, turned in enumerate(self.turned_away) if turned}
        self.state = JobState.CLASSIFYING

    def set_expression(self, index: int, probabilities: Probabilities) -> None:
        """Take a classifier's answer for one face, ``(7,) float32``."""
        self.probabilities[index] = probabilities
        self.unknown.discard(index)

    def take_away_faces(self) -> None:
        """Mark the frame failed: it goes to the publishers without faces."""
        self.failed = True
        self.boxes, self.probabilities, self.unknown = NO_BOXES, NO_PROBABILITIES, set()
        self.poses, self.turned_away, self.crops = NO_POSES, (), None

    def forget_crops(self) -> None:
        """Let go of many crops once nobody is to classify them any more."""
        if len(self.boxes) > FEW_FACES:
            self.crops = None
            # these are views of the message as it came, with the crops in it
            self.boxes, self.poses = self.boxes.copy(), self.poses.copy()

    def result(self, now_ns: int) -> Result:
        """Return the message for the publishers."""
        reused = tuple(index in self.unknown for index in range(len(self.boxes)))
        times = FrameTimes(
            self.received_ns, self.detecting_ns, self.detected_ns, self.complete_ns, now_ns
        )
        return Result(
            self.frame,
            self.mode,
            self.failed,
            self.boxes,
            self.probabilities,
            reused,
            times,
            self.poses,
            self.turned_away,
        )


@dataclass(slots=True, eq=False)
class Run:
    """Consecutive frames of one camera, for one detector; of one frame in live mode.

    A detector answers frame by frame, so that it is known which frame took it down. The run is
    handed out again whole, for what is found in a frame depends on those before it; and it is sent
    again whole where the broker or the capture is lost. So slots are released when the last of its
    frames has ended.

    Attributes:
        jobs: Frames to be detected: all but the failed.
        members: All its frames.
        answered: How many of ``jobs`` the detector that has it now has answered.
        held: What the captures are told when the slots are released.
        done: Whether no frame of it is to be detected any more.
        unable: Detectors that could not read the first of ``jobs`` not answered, and live on.
    """

    jobs: list[Job]
    members: tuple[Job, ...]
    answered: int = 0
    held: list[tuple[Peer, Release]] = field(default_factory=list)
    done: bool = False
    unable: set[bytes] = field(default_factory=set)
