"""``python -m capture``: the supervisor of the capture stage, of one camera or of a list."""

from capture.config import CaptureConfig
from capture.listed_cameras import gather
from common.supervisor import supervise

if __name__ == "__main__":
    supervise("capture", CaptureConfig, "capture.stage", gather)
