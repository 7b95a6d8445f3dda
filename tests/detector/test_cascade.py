from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from common.errors import ConfigError
from detector.cascade import DEFAULT_CASCADE, SECOND_CASCADE, load_cascade


@pytest.mark.parametrize("file_name", [DEFAULT_CASCADE, SECOND_CASCADE])
def test_the_cascades_are_there_and_not_empty(file_name: str) -> None:
    assert not load_cascade(file_name).empty()


def test_opencv_without_the_cascade_class_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(ConfigError, match="opencv-python-headless<5"):
        load_cascade(DEFAULT_CASCADE)


def test_opencv_without_the_cascade_files_is_explained() -> None:
    with pytest.raises(ConfigError, match=r"opencv-python-headless<5.*no_such\.xml is missing"):
        load_cascade("no_such.xml")


@pytest.mark.parametrize("content", ["", "rubbish", "<?xml version='1.0'?><opencv_storage/>"])
def test_a_damaged_cascade_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / DEFAULT_CASCADE).write_text(content)
    monkeypatch.setattr(cv2, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(ConfigError, match=r"opencv-python-headless<5.*is damaged"):
        load_cascade(DEFAULT_CASCADE)
