"""Tests of pictures of records; the examples of the documentation draw one."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import pytest

import ferstream
from tests.support.scenes import colour_portrait


def test_a_row_is_a_face(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), colour_portrait())
    figure = ferstream.plot(ferstream.analyze_video(tmp_path, progress=False))
    (axes,) = figure.axes
    assert axes.get_ylabel().startswith("face 1\n")


def test_without_matplotlib_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), colour_portrait())
    records = ferstream.analyze_video(tmp_path, progress=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install \"\.\[notebook\]\""):
        ferstream.plot(records)
