"""Tests of ``ferstream analyze``."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

import ferstream
from ferstream.__main__ import main
from tests.support.scenes import colour_portrait, colour_scene


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photographs and a text."""
    photos = tmp_path / "photos"
    photos.mkdir()
    cv2.imwrite(str(photos / "a.png"), colour_portrait())
    cv2.imwrite(str(photos / "b.jpg"), colour_scene())
    (photos / "notes.txt").write_text("none of them")
    return photos


def test_without_a_file_records_go_to_the_standard_output(
    folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["analyze", str(folder / "a.png")]) == 0
    header, row = capfdbinary.readouterr().out.splitlines()
    assert header.startswith(b"camera,frame_id,")
    assert row.startswith(b"a,0,")


def test_a_folder_of_images_is_one_recording(folder: Path) -> None:
    out = folder.parent / "faces.csv"
    assert main(["analyze", str(folder), "--out", str(out), "--detector", "yunet"]) == 0
    records = ferstream.read(out)
    assert records["frame_id"].to_pylist() == [0, 1]
    assert '"detector": "yunet"' in json.dumps(ferstream.metadata_of(records))


def test_several_go_to_a_folder_that_is_made(folder: Path) -> None:
    out = folder.parent / "results" / "new"
    given = [str(folder / "*.png"), str(folder / "b.jpg")]
    assert main(["analyze", *given, "-o", str(out), "--format", "parquet"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["a.parquet", "b.parquet"]


def test_one_that_cannot_be_read_is_named_and_the_others_are_written(
    folder: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    out = folder.parent / "results"
    given = [str(folder / "notes.txt"), str(folder / "a.png")]
    assert main(["analyze", *given, "-o", str(out)]) == 2
    assert "notes.txt: is not a video" in caplog.text
    assert "1 of 2 could not be analysed" in capsys.readouterr().err
    assert [path.name for path in out.glob("*.csv")] == ["a.csv"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["{}/*.gif"], "nothing fits"),
        (["{}/empty"], "neither images nor videos"),
        (["{}/a.png", "{}/b.jpg", "-o", "x.csv"], "one file for 2 recordings"),
        (["{}/a.png", "-o", "{}/a.xlsx"], "ends in none of .csv, .jsonl, .parquet"),
        (["{}/a.png", "{}/a.png", "-o", "x"], "2 recordings would go to x/a.csv"),
        (["{}/a.png", "--detector", "har"], "DETECTOR=har: expected haar or yunet or dlib"),
        (["{}/a.png", "--min-face", "7"], "DETECTOR_MIN_FACE=7: expected a number"),
    ],
)
def test_what_is_wrong_is_one_line(
    folder: Path, given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty").mkdir()
    assert main(["analyze", *(word.format(folder) for word in given)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("ferstream analyze: ")
    assert words in told
    assert told.count("\n") == 1
