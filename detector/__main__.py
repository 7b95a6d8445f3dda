"""``python -m detector``: a detector under its supervisor."""

import ferstream_start  # noqa: F401 - first: it lets our own modules be found
from common.supervisor import supervise
from detector.config import DetectorConfig

if __name__ == "__main__":
    supervise("detector", DetectorConfig, "detector.stage")
