"""The live picture and what is told about the faces in it."""

from __future__ import annotations

import re

import numpy as np
from playwright.sync_api import Page, expect

from common.face_model import LABELS
from tests.browser.pixels import is_coloured, seen, wait_moving
from tests.browser.readers import event_readers
from tests.browser.witness import Witness
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

MINUTE_S = 60


def test_the_picture_moves(page: Page) -> None:
    expect(page.locator(".tile canvas")).to_have_count(1)
    assert seen(page).shape == (480, 640, 4)
    wait_moving(page)
    wait_moving(page)
    expect(page.locator("#state-text")).to_have_text("live")


def test_a_card_tells_of_a_face_and_follows_it(page: Page) -> None:
    card = page.locator("#faces .face").first
    expect(card.locator(".label")).not_to_have_text("")
    assert card.locator(".bars .name").all_inner_texts() == list(LABELS)
    expect(card.locator(".pose")).to_be_hidden()  # Haar's cascade finds no landmarks
    values = page.locator("#faces .bars .value")
    before = values.all_inner_texts()
    eventually(lambda: values.all_inner_texts() != before, "another probability")


def test_bars_are_as_long_as_their_figures_say(page: Page) -> None:
    bars = """() => [...document.querySelectorAll("#faces .bars li")].map((row) => [
      parseFloat(row.querySelector(".value").textContent),
      parseFloat(row.querySelector(".fill").style.width)])
      .filter(([percent]) => !Number.isNaN(percent))"""  # a face that waits has dashes
    found = eventually(lambda: page.evaluate(bars), "bars")
    assert all(abs(percent - width) <= 0.51 for percent, width in found), found
    assert any(percent > 20 for percent, _ in found)


def test_a_card_shows_the_face_itself(page: Page) -> None:
    def varied() -> bool:
        thumbnail = seen(page, "#faces .thumbnail")
        return bool(thumbnail[..., :3].std() > 10 and (thumbnail[..., 3] == 255).all())

    expect(page.locator("#faces .thumbnail").first).to_be_visible()
    eventually(varied, "a picture of the face")


def test_strip_and_timeline_are_painted(page: Page) -> None:
    expect(page.locator("#timeline")).to_be_visible()
    eventually(lambda: is_coloured(seen(page, "#faces .strip")), "colour in a face's strip")
    eventually(lambda: is_coloured(seen(page, "#lanes")), "colour in the timeline")
    expect(page.locator("#shares li").first).to_contain_text("%")


def test_timeline_begins_before_the_page_was_opened(page: Page, pipeline: Pipeline) -> None:
    """The server remembers; a page alone would begin with nothing.

    The clip has run for less than a minute, so the timeline shows one.
    """
    pipeline.wait_published(150)  # five seconds of the clip
    page.reload()
    expect(page.locator("#timeline")).to_be_visible()

    def remembered_s() -> float:
        """Return how long before the page the timeline begins."""
        columns = np.flatnonzero((seen(page, "#lanes")[..., 3] > 0).any(axis=0))
        width_px, opened_s = page.evaluate(
            "() => [document.getElementById('lanes').width, performance.now() / 1000]"
        )
        return float(MINUTE_S * (1 - columns[0] / width_px) - opened_s) if len(columns) else 0.0

    eventually(lambda: remembered_s() > 2, "what was before the page")


def test_health_is_that_of_the_status(page: Page, pipeline: Pipeline) -> None:
    def shown() -> int:
        text = page.locator("#published").inner_text().replace(",", "")
        return int(text) if text.isdigit() else 0

    page.locator("#health summary").click()
    low = pipeline.camera()["published"]
    assert (
        eventually(lambda: shown() if shown() >= low else 0, "the published frames")
        <= (pipeline.camera()["published"])
    )
    expect(page.locator("#workers .chip")).to_have_count(4)
    expect(page.locator("#workers .chip.bad")).to_have_count(0)
    expect(page.locator("#delay-p50")).to_contain_text("ms")
    expect(page.locator("#viewers")).to_have_text(re.compile("^[1-9]"))


def test_events_are_followed_and_nothing_is_polled(
    page: Page, witness: Witness, pipeline: Pipeline
) -> None:
    wait_moving(page)
    pipeline.wait_published(pipeline.camera()["published"] + 90)  # three seconds
    expect(page.locator("#fps")).to_have_text(re.compile(r"^[\d.]+$"))
    assert witness.asked("/events") == [], "it is the worker of all tabs that follows them"
    assert event_readers(pipeline) == 1
    assert len(witness.asked("/video_feed/demo")) == 1
    assert witness.asked("/api/status") == []
    assert len(witness.asked("/api/history")) == 1
