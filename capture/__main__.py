"""``python -m capture``: the supervisor of the capture stage, of one camera or of a list."""

from __future__ import annotations

import ferstream_start  # noqa: F401 - first: it lets our own modules be found
from capture.config import CaptureConfig
from common.supervisor import Crew, StartChild, supervise


def gather(config: CaptureConfig, start: StartChild) -> Crew | None:
    """Return the captures of a list, None where there is only one camera."""
    if config.cameras is None:
        return None
    from capture.listed_cameras import listed_cameras  # noqa: PLC0415 - only for who has a list

    return listed_cameras(config, config.cameras, start)


if __name__ == "__main__":
    supervise("capture", CaptureConfig, "capture.stage", gather)
