"""Which connections may stay: how long a step may take, and who gives way when there is no room.

A client that sends or takes its bytes at a crawl costs a connection and what was sent so far, never
a thread. So these are bounded, in time and in number, and whoever comes next is let in at the
expense of who has waited longest.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol, TypeVar

from publisher.web.client import client_of
from publisher.web.hosts import is_loopback

STEP_S = 10.0
"""A request's head must be there within this; a body and an answer have it before they must keep
the pace."""
PACE_BYTES_S = 4 * 1024
"""So much of a body or an answer must have come and gone a second, on average: less than a phone on
a bad line does. What bounds a crowd is its number."""
GONE_AFTER_S = 20.0
"""A viewer that takes nothing of a stream for so long is gone."""
MAX_BODIES = 32
"""Bodies that may be on their way at once."""
MAX_BODY_BYTES = 256 * 1024 * 1024
"""Of them together: as many of the largest uploads as are analyzed at once."""
MAX_HELD_BYTES = 32 * 1024 * 1024
"""Of answers that are made and not taken, in all."""


class Step(IntEnum):
    """What a connection does, in the order in which they give way."""

    HEAD = 0
    """It sends nothing, or the head of a request."""
    BODY = 1
    TAKING = 2
    """It takes the rest of an answer that no thread is needed for any more."""
    ANSWERED = 3
    """A request of it has a thread, or waits for one: it never gives way."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a connection has come.

    Attributes:
        step: What it does.
        turn: How many requests of it have been answered.
        moved_bytes: Received and sent on it so far.
        held_bytes: Kept here of a body that is not whole, or of an answer that is not taken.
    """

    step: Step
    turn: int
    moved_bytes: int
    held_bytes: int


@dataclass(slots=True)
class Progress:
    """Since when a connection has been at its step, on the clock of ``time.monotonic``."""

    position: Position = Position(Step.HEAD, 0, 0, 0)
    since_s: float = field(default_factory=time.monotonic)
    _moved_before: int = 0

    def note(self, position: Position, now_s: float) -> None:
        """Take in where the connection is now."""
        last, self.position = self.position, position
        is_next = (position.step, position.turn) != (last.step, last.turn)
        # A stream has no pace of its own: what counts is that it is taken at all.
        flows = position.step is Step.ANSWERED and (
            not position.held_bytes or position.moved_bytes != last.moved_bytes
        )
        if is_next or flows:
            self.since_s, self._moved_before = now_s, last.moved_bytes

    def is_overdue(self, now_s: float) -> bool:
        """Return whether the step takes longer than it may."""
        taken_s = now_s - self.since_s
        if self.position.step is Step.ANSWERED:
            return taken_s > GONE_AFTER_S
        if self.position.step is Step.HEAD:
            return taken_s > STEP_S
        return taken_s > STEP_S + self._moved / PACE_BYTES_S

    def pace(self, now_s: float) -> float:
        """Return how fast the bytes of this step go, in bytes a second; of a new step, roughly."""
        return self._moved / (now_s - self.since_s + 0.1)

    @property
    def _moved(self) -> int:
        return self.position.moved_bytes - self._moved_before


class Connection(Protocol):
    """What is asked of a connection here."""

    progress: Progress


C = TypeVar("C", bound=Connection)


def first_to_go(connections: Iterable[C]) -> C | None:
    """Return who gives way to somebody new: whoever has been longest at the least useful step."""
    may_go = [each for each in connections if each.progress.position.step is not Step.ANSWERED]
    return min(
        may_go,
        key=lambda each: (each.progress.position.step, each.progress.since_s),
        default=None,
    )


def too_many(connections: Iterable[C], now_s: float) -> list[C]:
    """Return the slowest of those that are too many or hold too much."""
    fastest_first = sorted(connections, key=lambda each: -each.progress.pace(now_s))
    bodies = [each for each in fastest_first if each.progress.position.step is Step.BODY]
    taking = [each for each in fastest_first if each.progress.position.step is Step.TAKING]
    return [
        *bodies[MAX_BODIES:],
        *_beyond(bodies, MAX_BODY_BYTES),
        *_beyond(taking, MAX_HELD_BYTES),
    ]


def _beyond(connections: Iterable[C], most_bytes: int) -> Iterator[C]:
    held_bytes = 0
    for each in connections:
        held_bytes += each.progress.position.held_bytes
        if held_bytes > most_bytes:
            yield each


def capped_client(address: str) -> str | None:
    """Return whose connections count together; None for loopback, where a proxy's all come from.

    Args:
        address: An IP address.
    """
    return None if is_loopback(address) else client_of(address)
