"""What a fleet needs: cells, cores, nodes, memory, bandwidth, money."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from benchmarks.fleet.assumptions import HOURS_A_MONTH, Assumptions
from capture.cells import cell_of


@dataclass(frozen=True, slots=True)
class Fleet:
    """So many cameras, spread over cells by the rule.

    Attributes:
        cameras: How many there are.
        loads: How many of them each cell has.
        given: What is reckoned with.
    """

    cameras: int
    loads: tuple[int, ...]
    given: Assumptions

    @property
    def fullest(self) -> int:
        """The cameras of the fullest cell."""
        return max(self.loads)

    @property
    def cores(self) -> float:
        """Cores that all cameras take."""
        return self.cameras * self.given.cores_a_camera

    @property
    def too_full(self) -> int:
        """Cells that would take more than they may, and drop frames."""
        most = self.given.limit_cores / self.given.cores_a_camera
        return sum(load > most for load in self.loads)

    @property
    def cells_a_node(self) -> int:
        """Cells that a node has room for, by what they ask for."""
        return int(self.given.node_cores // self.given.request_cores)

    @property
    def nodes(self) -> int:
        """Nodes with room for all cells, and one to spare: a cell of a lost one goes there."""
        return math.ceil(len(self.loads) / self.cells_a_node) + 1

    @property
    def memory_gb(self) -> float:
        """Memory of all cells, in GB."""
        return (len(self.loads) * self.given.base_mb + self.cameras * self.given.camera_mb) / 1000

    @property
    def inward_mbit(self) -> float:
        """What all cameras send, in Mbit/s."""
        return self.cameras * self.given.stream_mbit

    @property
    def list_kb(self) -> float:
        """The size of the list, in kB."""
        return self.cameras * self.given.line_bytes / 1000

    @property
    def month_usd(self) -> float:
        """What the nodes cost a month, in USD."""
        cores = self.nodes * (self.given.node_cores + 1)
        return cores * self.given.core_hour * HOURS_A_MONTH


def fleet_of(cameras: int, given: Assumptions) -> Fleet:
    """Return a fleet with as many cells as suit its cameras."""
    cells = math.ceil(cameras / given.cameras_a_cell)
    loads = Counter(cell_of(camera_name(number), cells) for number in range(cameras))
    return Fleet(cameras, tuple(loads[cell] for cell in range(cells)), given)


def camera_name(number: int) -> str:
    """Return the name of a camera."""
    return f"camera-{number}"
