"""What the page gives to keep: the last minutes as CSV."""

from __future__ import annotations

import csv
from pathlib import Path

from playwright.sync_api import Page, expect

from publisher.results.format import FIELDS
from tests.support.pipeline import Pipeline


def test_the_last_minutes_are_saved_as_csv(page: Page, pipeline: Pipeline, tmp_path: Path) -> None:
    expect(page.locator("#faces .face").first).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("link", name="CSV").click()
    assert coming.value.suggested_filename.endswith(".csv")
    coming.value.save_as(tmp_path / "faces.csv")
    with (tmp_path / "faces.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == tuple(FIELDS)
    assert {row["camera"] for row in rows} == {"demo"}
    assert any(row["track_id"] for row in rows)
