"""What the simulation reckons with, and where each number is from."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from benchmarks.performance.report import Table, table

HOURS_A_YEAR = 8766.0
HOURS_A_MONTH = HOURS_A_YEAR / 12


def given(value: float, unit: str, source: str) -> Any:
    """Declare a number, its unit, and where it is from."""
    return field(default=value, metadata={"unit": unit, "source": source})


CELL = "`benchmarks.cell`"
QUIET = "performance.md: 4 cameras, `yunet`"
ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Assumptions:
    """All numbers, for cameras of 640x480 with one face and ``DETECTOR=yunet``."""

    fps: float = given(15, "frames/s", ASSUMED)
    cpu_ms: float = given(11.7, "CPU ms a frame", QUIET)
    base_mb: float = given(258, "MB a cell", CELL)
    camera_mb: float = given(38, "MB a camera, its ring with it", CELL)
    stream_mbit: float = given(1.0, "Mbit/s a camera", ASSUMED)
    line_bytes: float = given(80, "bytes a camera in the list", ASSUMED)
    cameras_a_cell: float = given(16, "cameras a cell, mean", "chosen")
    request_cores: float = given(3, "cores a cell asks for", "`base/cells.yaml`")
    limit_cores: float = given(6, "cores a cell may take", "`base/cells.yaml`")
    node_cores: float = given(15, "cores of a node for cells, of 16", ASSUMED)
    core_hour: float = given(0.0425, "USD for a core and hour", "an example of AWS")
    capture_back_s: float = given(2.4, "s, a capture of 16 killed", CELL)
    cell_back_s: float = given(17.7, "s, all of a cell of 16 killed", CELL)
    container_s: float = given(2, "s more for the container", ASSUMED)
    node_seen_s: float = given(50, "s until a node counts as lost", "Kubernetes, default")
    tolerated_s: float = given(20, "s until its cells are given up", "`base/cells.yaml`")
    node_removed_s: float = given(60, "s until the node's object is removed", ASSUMED)
    placed_s: float = given(10, "s to place a cell elsewhere, image there", ASSUMED)
    follow_s: float = given(90, "s until a node has a changed list, at most", "Kubernetes")
    look_s: float = given(5, "s until a cell looks at its list, at most", "`LOOK_S`")
    first_picture_s: float = given(2.4, "s from a capture's start to its first picture", CELL)
    capture_deaths: float = given(12, "deaths of a capture a year", ASSUMED)
    cell_deaths: float = given(4, "deaths of a cell a year", ASSUMED)
    node_deaths: float = given(1, "losses of a node a year", ASSUMED)
    updates: float = given(12, "updates of all cells a year", ASSUMED)

    def table(self) -> Table:
        """Return all of them as a table."""
        rows = [
            [f"{getattr(self, item.name):g}", item.metadata["unit"], item.metadata["source"]]
            for item in fields(self)
        ]
        return table(("", "what", "from"), rows)

    @property
    def node_back_s(self) -> float:
        """Seconds from the loss of a node until a picture of each of its cameras is seen."""
        lost_s = self.node_seen_s + self.tolerated_s + self.node_removed_s
        return lost_s + self.placed_s + self.container_s + self.cell_back_s

    @property
    def container_back_s(self) -> float:
        """Seconds from the death of a cell's container until all its cameras are seen."""
        return self.container_s + self.cell_back_s

    @property
    def cores_a_camera(self) -> float:
        """Cores that one camera takes."""
        return self.fps * self.cpu_ms / 1000
