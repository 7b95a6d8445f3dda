"""A year of a fleet: what fails when, and for how long which cameras are not seen."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.fleet.assumptions import HOURS_A_YEAR, Assumptions
from benchmarks.fleet.size import Fleet

YEAR_S = HOURS_A_YEAR * 3600


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that ended.

    Attributes:
        kind: What it was.
        at_s: When, from the beginning of the year.
        seconds: How long its cameras were not seen.
        cameras: How many they are.
    """

    kind: str
    at_s: float
    seconds: float
    cameras: int


@dataclass(frozen=True, slots=True)
class Year:
    """All faults of a year."""

    fleet: Fleet
    faults: tuple[Fault, ...]

    def lost_s(self, kind: str) -> float:
        """Return the seconds a camera was not seen for that reason, on average."""
        lost = sum(fault.seconds * fault.cameras for fault in self.faults if fault.kind == kind)
        return lost / self.fleet.cameras

    def count(self, kind: str) -> int:
        """Return how often that was."""
        return sum(fault.kind == kind for fault in self.faults)

    @property
    def seen(self) -> float:
        """The share of the year for which a camera was seen, on average."""
        kinds = {fault.kind for fault in self.faults}
        return 1 - sum(self.lost_s(kind) for kind in kinds) / YEAR_S

    @property
    def most_at_once(self) -> int:
        """The most cameras that were not seen at one moment."""
        changes = [(fault.at_s, fault.cameras) for fault in self.faults]
        changes += [(fault.at_s + fault.seconds, -fault.cameras) for fault in self.faults]
        most = now = 0
        for _, change in sorted(changes):
            now += change
            most = max(most, now)
        return most


KINDS = ("capture", "cell", "node", "update")


def simulate_year(fleet: Fleet, seed: int) -> Year:
    """Let a year pass."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    faults = [
        *_of_captures(fleet, chance),
        *_of_cells(fleet, chance),
        *_of_nodes(fleet, chance),
        *_of_updates(fleet),
    ]
    return Year(fleet, tuple(sorted(faults, key=lambda fault: fault.at_s)))


def _of_captures(fleet: Fleet, chance: random.Random) -> Iterator[Fault]:
    given = fleet.given
    for at_s in _times(fleet.cameras * given.capture_deaths, chance):
        yield Fault("capture", at_s, given.capture_back_s, 1)


def _of_cells(fleet: Fleet, chance: random.Random) -> Iterator[Fault]:
    given = fleet.given
    for at_s in _times(len(fleet.loads) * given.cell_deaths, chance):
        yield Fault("cell", at_s, given.container_back_s, chance.choice(fleet.loads))


def _of_nodes(fleet: Fleet, chance: random.Random) -> Iterator[Fault]:
    """Yield losses of nodes; the cells of a node are those of one place after another."""
    given, a_node = fleet.given, fleet.cells_a_node
    nodes = [fleet.loads[at : at + a_node] for at in range(0, len(fleet.loads), a_node)]
    for at_s in _times(len(nodes) * given.node_deaths, chance):
        yield Fault("node", at_s, given.node_back_s, sum(chance.choice(nodes)))


def _of_updates(fleet: Fleet) -> Iterator[Fault]:
    """Yield the cells that are started again one after another whenever all are updated."""
    given = fleet.given
    for number in range(int(given.updates)):
        at_s = YEAR_S * (number + 0.5) / given.updates
        for load in fleet.loads:
            yield Fault("update", at_s, given.container_back_s, load)
            at_s += given.container_back_s


def update_s(fleet: Fleet) -> float:
    """Return how long it takes to start all cells again, one after another."""
    return len(fleet.loads) * fleet.given.container_back_s


def _times(expected: float, chance: random.Random) -> Iterator[float]:
    """Yield the moments of so many independent events in a year, the first of them first."""
    at_s = 0.0
    while expected:
        at_s += -math.log(1.0 - chance.random()) * YEAR_S / expected
        if at_s > YEAR_S:
            return
        yield at_s


def moves(given: Assumptions, growing: range, seed: int) -> tuple[float, float]:
    """Let a fleet grow from some cells to more, one by one.

    Returns how often a camera moved, and for how many seconds it then was not seen, on average. The
    cell that had it and the one that has it now learn of it at different times.
    """
    chance = random.Random(seed)  # noqa: S311
    moved = sum(1 / (cells + 1) for cells in growing)
    gaps = []
    for _ in range(20_000):
        ends_s, begins_s = (
            chance.uniform(0, given.follow_s) + chance.uniform(0, given.look_s) for _ in range(2)
        )
        gaps.append(max(0.0, begins_s + given.first_picture_s - ends_s))
    return moved, sum(gaps) / len(gaps)
