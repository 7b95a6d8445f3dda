"""How many workers of a stage ``auto`` starts."""

from __future__ import annotations

from dataclasses import dataclass

from common.contract import Mode

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Share:
    """One worker for every so many cores.

    Attributes:
        cores: How many cores there are for each worker.
        most: How many workers there are at most.
    """

    cores: int
    most: int

    def of(self, cores: int) -> int:
        """Return the number of workers on so many cores, at least 1."""
        return min(self.most, max(1, cores // self.cores))


@dataclass(frozen=True, slots=True)
class WorkerRule:
    """How many workers are best, by mode and cores, as measured (docs/measured.md)."""

    live: Share
    lossless: Share

    def __str__(self) -> str:
        """Return what a setting says that is left to this rule."""
        return AUTO

    def workers(self, mode: Mode, cores: int) -> int:
        """Return the number of workers."""
        return (self.lossless if mode is Mode.LOSSLESS else self.live).of(cores)
