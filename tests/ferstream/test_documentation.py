"""The examples of docs/library.md run as they stand there, one after the other."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import cv2
import pytest

from tests.support.scenes import colour_portrait

PAGE = Path(__file__).resolve().parents[2] / "docs" / "library.md"


def test_examples_of_the_page_run(
    tmp_path: Path,
    second_of_video: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cv2.imwrite(str(tmp_path / "group.jpg"), colour_portrait())
    shutil.copy(second_of_video, tmp_path / "talk.mp4")
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(examples) > 5
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, PAGE.name, "exec"), names)  # noqa: S102 - our own words
    said = capsys.readouterr().out
    assert "happy" in said
    assert "yunet" in said
    assert (tmp_path / "talk.png").stat().st_size > 10_000
