"""Whoever decodes what others made does it with OpenCV's limits set."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.media import write_png_bomb

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, {stage}
import cv2
try:
    cv2.imread(sys.argv[1])
except cv2.error as error:
    sys.exit("refused" if "CV_IO_MAX_IMAGE_PIXELS" in str(error) else str(error))
"""


@pytest.mark.parametrize("stage", ["capture.stage", "detector.stage", "publisher.stage"])
def test_picture_of_too_many_pixels_is_refused_from_its_header(stage: str, tmp_path: Path) -> None:
    bomb = write_png_bomb(tmp_path / "bomb.png", 9000, 9000)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(stage=stage), str(bomb)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.strip() == "refused"
