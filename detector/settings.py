"""What can be set about the search for faces."""

from __future__ import annotations

from dataclasses import dataclass

from common.errors import ConfigError


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How thoroughly faces are looked for. The defaults were chosen with ``benchmarks.detection``.

    Attributes:
        min_face: Side of the smallest face, as a fraction of the frame's height, 0.01 to 1.
        search_width_px: Wider frames are shrunk to this width for a full search, at least 80.
        interval_frames: A full search every so many frames, and between them only windows around
            the known faces. 1 searches every frame in full.

    Raises:
        ConfigError: A value is outside its range.
    """

    min_face: float = 0.04
    search_width_px: int = 960
    interval_frames: int = 10

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0.01 <= self.min_face <= 1:
            raise ConfigError(f"min_face is {self.min_face}: use a fraction from 0.01 to 1")
        if self.search_width_px < 80:
            raise ConfigError(f"search_width_px is {self.search_width_px}: use 80 or more")
        if self.interval_frames < 1:
            raise ConfigError(f"interval_frames is {self.interval_frames}: use 1 or more")
