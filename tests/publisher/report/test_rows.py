"""Reading results, whole and damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.report.rows import ReportError, read_rows
from tests.publisher.report.made import BOX, face, record, rows_in, smoothed

FRAMES = [[face(), face("sad", 2)], [], [face("sad", 2, shown=False)], [face("uncertain", 1)]]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_every_format_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    rows = rows_in(record(tmp_path / f"talk.{ending}", FRAMES, 'a "b", c\nd'))
    assert [(one.camera, one.frame_id, one.pts_s) for one in rows] == [
        ('a "b", c\nd', number, number / 25) for number in (0, 0, 1, 2, 3)
    ]
    first, second, none, hidden, last = (one.face for one in rows)
    assert first is not None
    assert (first.track_id, first.box, first.label) == (1, BOX, "happy")
    assert first.smoothed == pytest.approx(smoothed("happy"), abs=1e-6)
    assert second is not None
    assert second.label == "sad"
    assert none is None
    assert hidden is None, "what was not shown does not count"
    assert last is not None
    assert last.label == "uncertain"


def test_a_line_that_a_kill_cut_is_left_out(tmp_path: Path) -> None:
    path = record(tmp_path / "talk.csv", FRAMES)
    path.write_bytes(path.read_bytes()[:-20])
    assert len(rows_in(path)) == 4


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("talk.txt", "x", r"expected a file that ends in \.csv or \.jsonl or \.parquet"),
        ("talk.csv", None, r"no such file; PUBLISHER_RESULTS="),
        ("talk.csv", "", "holds no records"),
        ("talk.jsonl", "", "holds no records"),
        ("talk.csv", "camera,frame_id,happy\na,1,0.5\n", "other columns .* pts_s, track_id"),
        ("talk.jsonl", '{"camera": "a"}\n', "other columns .* frame_id"),
        ("talk.jsonl", "[1]\n", "record 1: it cannot be read .*object"),
        ("talk.jsonl", "nonsense\n", "record 1: it cannot be read"),
        ("talk.parquet", "PAR1 nonsense", "no Parquet file"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, content: str | None, why: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(ReportError, match=why):
        rows_in(path)


def test_a_wrong_number_is_named_by_its_record(tmp_path: Path) -> None:
    path = record(tmp_path / "talk.csv", FRAMES)
    lines = path.read_text().splitlines(keepends=True)
    lines[2] = lines[2].replace("0.000000", "never", 1)
    path.write_text("".join(lines))
    with pytest.raises(ReportError, match=r"talk\.csv, record 2: .*never"):
        rows_in(path)


def test_the_journal_that_a_killed_run_left_is_named(tmp_path: Path) -> None:
    (tmp_path / "talk.parquet.journal.csv").write_text("x")
    with pytest.raises(ReportError, match=r"left its records in .*talk\.parquet\.journal\.csv"):
        rows_in(tmp_path / "talk.parquet")


def test_only_a_part_of_the_file_is_in_memory(tmp_path: Path) -> None:
    rows = read_rows(record(tmp_path / "talk.csv", FRAMES))
    assert next(rows).frame_id == 0  # before the rest is read
    rows.close()  # type: ignore[attr-defined]
