"""``python -m capture``: the supervisor of the capture stage."""

from capture.config import CaptureConfig
from common.supervisor import supervise

if __name__ == "__main__":
    supervise("capture", CaptureConfig, "capture.stage")
