"""Loading the Haar cascades that come with OpenCV."""

from __future__ import annotations

from pathlib import Path

from common.errors import ConfigError
from common.opencv import cv2

DEFAULT_CASCADE = "haarcascade_frontalface_default.xml"
SECOND_CASCADE = "haarcascade_frontalface_alt2.xml"
CASCADE_SIDE_PX = 24
"""The default cascade was trained on faces of this side and sees nothing smaller."""


def load_cascade(file_name: str) -> cv2.CascadeClassifier:
    """Load a cascade for faces.

    Raises:
        ConfigError: This OpenCV cannot use cascades or has none: the wheels of 5.0 lack the class,
            or the files.
    """
    advice = f"OpenCV {cv2.__version__} has no Haar cascades: install 'opencv-python-headless<5'"
    if not hasattr(cv2, "CascadeClassifier"):
        raise ConfigError(advice)
    path = Path(cv2.__file__).parent / "data" / file_name
    if not path.is_file():
        raise ConfigError(f"{advice} ({path} is missing)")
    cascade = cv2.CascadeClassifier()
    try:
        cascade.load(str(path))
    except cv2.error as error:
        raise ConfigError(f"{advice} ({path} is damaged)") from error
    if cascade.empty():
        raise ConfigError(f"{advice} ({path} is empty)")
    return cascade
