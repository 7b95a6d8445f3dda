from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.reliability.records import JUDGED, Comparison, Written, compare, read_quiet
from common.errors import SourceError

TITLES = ("camera", "frame_id", *JUDGED)
PERIOD = 3


def write(path: Path, faces: Sequence[tuple[int, str]]) -> Path:
    """Write a results file: for each face its frame, and what stands in all its columns."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TITLES)
        writer.writerows(["cam", frame_id, *([value] * len(JUDGED))] for frame_id, value in faces)
    return path


def run(frames: int) -> list[tuple[int, str]]:
    """Return a run whose first frame has two faces, its second one, its third none."""
    faces = {0: ("1", "2"), 1: ("3",), 2: ("",)}
    return [(frame_id, face) for frame_id in range(frames) for face in faces[frame_id % PERIOD]]


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    return write(tmp_path / "quiet.csv", run(2 * PERIOD))


def test_frames_are_held_against_those_of_the_recording_they_are(
    tmp_path: Path, quiet: Path
) -> None:
    disturbed = write(tmp_path / "disturbed.csv", run(9))
    assert compare(disturbed, 9, read_quiet(quiet, PERIOD)) == Comparison(9, 0, 0, 0)


def test_order_of_the_faces_in_a_frame_does_not_count(tmp_path: Path, quiet: Path) -> None:
    first, second, *rest = run(3)
    disturbed = write(tmp_path / "disturbed.csv", [second, first, *rest])
    assert compare(disturbed, 3, read_quiet(quiet, PERIOD)).right


@pytest.mark.parametrize(
    ("faces", "found"),
    [
        ([face for face in run(6) if face[0] != 4], Comparison(6, 1, 0, 0)),
        ([*run(6), (4, "3")], Comparison(6, 0, 1, 1)),
        ([*run(5), (5, "3")], Comparison(6, 0, 0, 1)),
        ([face for face in run(6) if face != (3, "2")], Comparison(6, 0, 0, 1)),
    ],
    ids=["lost", "twice", "a face too many", "a face too few"],
)
def test_what_is_not_as_in_the_quiet_run_is_counted(
    tmp_path: Path, quiet: Path, faces: list[tuple[int, str]], found: Comparison
) -> None:
    disturbed = write(tmp_path / "disturbed.csv", faces)
    comparison = compare(disturbed, 6, read_quiet(quiet, PERIOD))
    assert comparison == found
    assert not comparison.right


@pytest.mark.parametrize(
    "faces", [run(5), [*run(5), (5, "9")]], ids=["a frame missing", "other faces the second time"]
)
def test_quiet_run_that_is_no_measure_is_refused(
    tmp_path: Path, faces: list[tuple[int, str]]
) -> None:
    with pytest.raises(SourceError):
        read_quiet(write(tmp_path / "quiet.csv", faces), PERIOD)


def test_a_file_that_grows_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "grows.csv"
    written = Written(path)
    written.look()
    assert written.frames == 0
    path.write_text("camera,frame_id\ncam,0\ncam,")
    written.look()
    assert written.frames == 1
    with path.open("a") as file:
        file.write("1\ncam,1\n")
    written.look()
    assert written.frames == 2


def test_longest_pause_counts_from_the_fault_to_the_end(tmp_path: Path) -> None:
    written = Written(tmp_path / "never.csv")
    written.grown = [(1.0, 1), (2.0, 2), (6.0, 3), (7.0, 4)]
    assert written.longest_pause_s(1.5, 7.5) == 4.0
    assert written.longest_pause_s(2.5, 12.0) == 5.0
