"""What a report says where there is nothing to report."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.report.rows import ReportError, rows_to_report


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("talk.txt", "x", r"expected a file that ends in \.csv or \.jsonl or \.parquet"),
        ("talk.csv", None, r"no such file; PUBLISHER_RESULTS="),
        ("talk.csv", "", "holds no records"),
        ("talk.jsonl", "", "holds no records"),
        ("talk.csv", "camera,frame_id\na,1\n", r"talk\.csv.* other columns .*record again"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, content: str | None, why: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(ReportError, match=why):
        list(rows_to_report(path))


def test_the_journal_that_a_killed_run_left_is_named(tmp_path: Path) -> None:
    (tmp_path / "talk.parquet.journal.csv").write_text("x")
    with pytest.raises(ReportError, match=r"left its records in .*talk\.parquet\.journal\.csv"):
        list(rows_to_report(tmp_path / "talk.parquet"))
