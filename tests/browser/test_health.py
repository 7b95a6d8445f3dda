"""What the page says of how the pipeline does, and of what is being recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from playwright.sync_api import Page, expect

from common.contract import Cause
from tests.browser.accessibility import check_accessible
from tests.browser.show import Show, show
from tests.publisher.material import camera_status


@pytest.fixture
def running() -> Iterator[Show]:
    with show() as made:
        yield made


def test_one_word_says_how_it_does_and_the_figures_are_folded_away(
    blank: Page, running: Show
) -> None:
    blank.goto(running.url)
    expect(blank.locator("#condition")).to_have_text("good")
    expect(blank.locator("#meaning")).to_have_text(
        re.compile(r"^19 of 20 pictures have a delay of less than \d+ ms\.$")
    )
    expect(blank.locator("#figures")).to_be_hidden()
    blank.locator("#health summary").click()
    expect(blank.get_by_text("Delay, median")).to_be_visible()
    expect(blank.locator("#delay-p50")).to_contain_text("ms")
    assert not re.search(r"\bage\b", blank.locator("body").inner_text(), re.IGNORECASE)
    check_accessible(blank)


def test_frames_that_are_dropped_now_are_told_with_their_cause(blank: Page, running: Show) -> None:
    blank.goto(running.url)
    expect(blank.locator("#condition")).to_have_text("good")  # with two dropped at the start
    running.cameras = (
        structs.replace(camera_status(), captured=110, dropped={Cause.SUPERSEDED: 27}),
    )
    expect(blank.locator("#condition")).to_have_text("dropping frames")
    expect(blank.locator("#meaning")).to_contain_text("25 % of the frames of the last 10 seconds")
    expect(blank.locator("#meaning")).to_contain_text("newer ones came")


def test_pictures_that_come_late_are_slow(blank: Page, running: Show) -> None:
    running.delay_s = 0.4
    blank.goto(running.url)
    expect(blank.locator("#condition")).to_have_text("slow")
    expect(blank.locator("#meaning")).to_have_text(
        re.compile(r"^One picture in 20 has a delay of (?:[4-9]|\d\d)\d\d ms or more\.$")
    )


def test_frames_that_are_given_up_are_told(blank: Page, running: Show) -> None:
    blank.goto(running.url)
    expect(blank.locator("#condition")).to_have_text("good")
    running.cameras = (structs.replace(camera_status(), failed=2),)
    expect(blank.locator("#condition")).to_have_text("failing")


def test_recording_is_seen_in_the_header_with_what_and_where(blank: Page, tmp_path: Path) -> None:
    results = tmp_path / "talk.csv"
    with show(results=results, record=tmp_path / "talk.mp4") as running:
        blank.goto(running.url)
        rec = blank.get_by_role("img", name=re.compile("^Recording: results in "))
        expect(rec).to_have_text("REC")
        told = str(rec.get_attribute("title"))
        assert told == rec.get_attribute("aria-label")
        assert str(results) in told
        assert "pictures in" in told
        assert "talk" in told.split("pictures in")[1]
        check_accessible(blank)


def test_nothing_is_said_of_recording_where_there_is_none(blank: Page, running: Show) -> None:
    blank.goto(running.url)
    expect(blank.locator("#condition")).to_have_text("good")
    expect(blank.locator("#rec")).to_be_hidden()
