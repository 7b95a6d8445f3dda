from pathlib import Path

import cv2
import pytest

from tests.support.pipeline import ROOT

DEMO = ROOT / "capture" / "demo" / "demo.mp4"


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give 305 frames of the demo clip, some with several faces, in one file."""
    path = tmp_path_factory.mktemp("clip") / "talk.avi"
    reader = cv2.VideoCapture(str(DEMO))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (640, 480))
    for _ in range(305):
        read, bgr = reader.read()
        assert read
        writer.write(bgr)
    writer.release()
    reader.release()
    return path
