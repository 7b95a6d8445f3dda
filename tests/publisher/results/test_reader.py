"""Reading results back, whole and damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.faces import TURNED_AWAY, Face
from publisher.results.reader import cut_incomplete_line, read_rows, recorded_frames
from publisher.tracking.tracks import Sighting
from tests.publisher.material import FACE, HAPPY, SAD
from tests.publisher.report.made import record

CAMERA = 'a "b", c\nd'
SEEN = Face(FACE, 3, True, "happy", 0.876543, SAD, HAPPY, reused=False)
LATE = Face((1, 2, 3, 4), 4, True, "uncertain", 0.35, SAD, (), reused=True)
NEW = Face((5, 6, 7, 8), 5, False, None, None, (), (), reused=True)
POSED = Face(FACE, 3, True, "sad", 0.8, SAD, HAPPY, reused=False, pose=(0.0, -12.5, 3.0))
AWAY = Face(FACE, 3, True, TURNED_AWAY, None, (), (), reused=False, pose=(1.0, 71.5, 2.0))
FRAMES = [[SEEN], [], [LATE, NEW, SEEN], [NEW], [POSED, AWAY]]


@pytest.fixture(params=["csv", "jsonl", "PARQUET"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return record(tmp_path / f"talk.{request.param}", FRAMES, CAMERA)


def test_every_format_gives_back_what_was_written(path: Path) -> None:
    assert list(read_rows(path)) == [
        (CAMERA, number, number / 25, "", face)
        for number, faces in enumerate(FRAMES)
        for face in (faces or (None,))
    ]


def test_the_faces_of_a_frame_are_what_the_tracker_was_told(path: Path) -> None:
    for number, (found, faces) in enumerate(zip(recorded_frames(path), FRAMES, strict=True)):
        assert (found.camera, found.frame_id, found.records) == (CAMERA, number, len(faces) or 1)
        assert found.sighting == Sighting(
            number / 25,
            tuple(face.box for face in faces),
            tuple(face.probabilities for face in faces),
            turned_away=tuple(face is AWAY for face in faces),
        )


def test_the_whole_file_is_counted_for_the_progress_bar(path: Path) -> None:
    counted: list[int] = []
    list(read_rows(path, counted.append))
    assert sum(counted) == path.stat().st_size


def test_a_line_that_a_kill_cut_is_left_out(tmp_path: Path) -> None:
    path = record(tmp_path / "talk.csv", FRAMES)
    path.write_bytes(path.read_bytes()[:-20])
    assert len(list(read_rows(path))) == 7


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("talk.csv", "camera,frame_id,happy\na,1,0.5\n", "other columns .* pts_s, captured_at"),
        ("talk.csv", "not mine\n", "record 1: .*other columns"),
        ("talk.jsonl", '{"camera": "a"}\n', "other columns .* frame_id"),
        ("talk.jsonl", "[1]\n", "record 1: it cannot be read .*object"),
        ("talk.jsonl", "nonsense\n", "record 1: it cannot be read"),
        ("talk.parquet", "PAR1 nonsense", "not a parquet file"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path: Path, name: str, content: str, why: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=why):
        list(read_rows(tmp_path / name))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("0.040000", "never", r"record 2: .*pts_s"),
        ("true", "perhaps", r"record 1: .*shown"),
        (",40,30,", ",40,,", r"record 1: .*`y`|record 1: .*\.y"),
        ("0.900000", "", r"record 1: .*probabilities are missing"),
        (",-12.5", ",", r"record 7: .*angles are missing"),
        ("happy,0.876543", "happy,0.876543,1", r"record 1: it cannot be read"),
    ],
)
def test_a_wrong_value_is_named_by_its_record(tmp_path: Path, old: str, new: str, why: str) -> None:
    path = record(tmp_path / "talk.csv", FRAMES)
    header, _, records = path.read_text().partition("\n")
    path.write_text(header + "\n" + records.replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"talk\.csv, {why}"):
        list(read_rows(path))


def test_only_a_part_of_the_file_is_in_memory(tmp_path: Path) -> None:
    rows = read_rows(record(tmp_path / "talk.csv", FRAMES))
    assert next(rows).frame_id == 0  # before the rest is read
    rows.close()  # type: ignore[attr-defined]


def test_cutting_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for text, left in (("", ""), ("abc", ""), ("a\nb\n", "a\nb\n"), ("a\n" + "b" * 99_999, "a\n")):
        path.write_text(text)
        assert cut_incomplete_line(path) == len(text) - len(left)
        assert path.read_text() == left
