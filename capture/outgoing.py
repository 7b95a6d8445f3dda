"""Frames between capture and release: each with its number, its place and, in the end, its fate."""

from __future__ import annotations

import time
from dataclasses import dataclass

from capture.slots import InlineSlots, Place, RingSlots
from capture.sources.source import CapturedFrame
from common.contract import Cause, Fate
from common.ledger import Ledger
from common.messages import Frame


@dataclass(slots=True)
class _InHand:
    frame: Frame
    place: Place
    sent: bool = False


class OutgoingFrames:
    """Numbers frames, keeps them until they are released, and keeps the ledger in step.

    Every frame that is in flight by the ledger has a slot.

    Args:
        camera: The camera's name.
        slots: Where the pixels go.
    """

    def __init__(self, camera: str, slots: RingSlots | InlineSlots) -> None:
        self.ledger = Ledger()
        self._camera = camera
        self._slots = slots
        self._next_frame_id = 0
        self._in_hand: dict[int, _InHand] = {}

    @property
    def trouble(self) -> str:
        """Why frames have no place to go to, empty where they have."""
        return self._slots.trouble

    @property
    def lost(self) -> bool:
        """Whether frames in hand are where a new detector cannot read them."""
        return self._slots.lost

    def count_from(self, frame_id: int) -> None:
        """Number the next frame so, unless frames have come further already."""
        self._next_frame_id = max(self._next_frame_id, frame_id)

    def add(self, captured: CapturedFrame) -> Frame | None:
        """Store and number a frame; None where there is no slot, and then it counts nowhere."""
        place = self._slots.put(captured.bgr)
        if place is None:
            return None
        height, width, _ = captured.bgr.shape
        frame = Frame(
            camera=self._camera,
            frame_id=self._take_number(),
            pts_s=captured.pts_s,
            captured_at_ns=time.time_ns(),
            captured_mono_ns=time.monotonic_ns(),
            height=height,
            width=width,
            ring=place.ring,
            slot=place.slot,
            picture=place.jpeg,
            cut=captured.cut,
            source=captured.source,
            failed=captured.failed,
        )
        self._in_hand[frame.frame_id] = _InHand(frame, place)
        return frame

    def skip(self, cause: Cause) -> int:
        """Count and number a frame that is given up at once; return its number."""
        self.ledger.count_end(Fate.DROPPED, cause)
        return self._take_number()

    def settle(self, frame_id: int, fate: Fate, cause: Cause | None) -> None:
        """Count a frame's fate and free its slot; a frame not in hand has had its fate before."""
        held = self._in_hand.pop(frame_id, None)
        if held is not None:
            self._slots.free(held.place)
            self.ledger.count_end(fate, cause)

    def drop_all(self, cause: Cause) -> None:
        """Give up all frames in hand."""
        for frame_id in list(self._in_hand):
            self.settle(frame_id, Fate.DROPPED, cause)

    def unsent(self) -> list[Frame]:
        """Return the frames still to be sent, in order."""
        return [held.frame for held in self._in_hand.values() if not held.sent]

    def mark_sent(self, frame_id: int) -> None:
        """Note that the broker has a frame."""
        self._in_hand[frame_id].sent = True

    def mark_all_unsent(self) -> None:
        """Note that the broker has forgotten all frames in hand."""
        for held in self._in_hand.values():
            held.sent = False

    def close(self) -> None:
        """Delete the slots."""
        self._slots.close()

    def _take_number(self) -> int:
        self.ledger.captured += 1
        self._next_frame_id += 1
        return self._next_frame_id - 1
