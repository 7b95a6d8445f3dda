"""What the stage takes frames from, be it a recording or a camera."""

from __future__ import annotations

from typing import Protocol

from capture.sources.source import CapturedFrame


class Feed(Protocol):
    """Gives the frames of one source when their time has come, and never blocks for long."""

    @property
    def total_frames(self) -> int:
        """Of the source; 0 where unknown."""

    @property
    def ended(self) -> bool:
        """Whether no frame will come any more."""

    @property
    def offline_reason(self) -> str:
        """Why no frames are coming; empty while they are."""

    def start(self) -> None:
        """Let the clock of a recording run, the first time that somebody wants frames."""

    def wait_s(self) -> float:
        """Give the seconds until ``take`` has something to do; infinite where that is unknown."""

    def take(self) -> CapturedFrame | None:
        """Give the next frame, or None if there is none now."""

    def close(self) -> None:
        """Let go of the source."""
