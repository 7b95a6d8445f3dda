"""``python -m detector``: a detector under its supervisor."""

from common.supervisor import supervise
from detector.config import DetectorConfig

if __name__ == "__main__":
    supervise("detector", DetectorConfig, "detector.stage")
