"""How heads are turned, and faces that are turned away: a detector that sees landmarks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import check_accessible
from tests.support.pipeline import Pipeline

POSE = re.compile("^roll \u2212?\\d+° · yaw \u2212?\\d+° · pitch \u2212?\\d+°$")


@pytest.fixture(scope="module")
def strict(browser: Browser) -> Iterator[Pipeline]:
    """A pipeline on the bundled clip that takes every face for turned away."""
    with Pipeline(DETECTOR="yunet", DETECTOR_MAX_TURN="0") as pipeline:
        pipeline.wait_published(10)
        yield pipeline


@pytest.fixture
def pipeline(strict: Pipeline) -> Pipeline:
    return strict


def test_a_card_tells_how_a_head_is_turned_and_that_it_is_not_judged(page: Page) -> None:
    card = page.locator("#faces .face").first
    expect(card.locator(".label")).to_have_text("turned away")
    expect(card.locator(".confidence")).to_have_text("")
    expect(card.locator(".pose")).to_have_text(POSE)
    expect(card.locator(".bars .value").first).to_have_text("\u2013")
    expect(page.locator("#shares")).to_have_text("turned away 100 %")
    expect(card.locator(".strip")).to_have_attribute("aria-label", re.compile("now turned away$"))
    check_accessible(page)


def test_so_does_an_analysed_photograph(page: Page, photograph: Path) -> None:
    page.set_input_files("#images", photograph)
    face = page.locator(".analysed-faces .face").first
    expect(face.locator("h4")).to_have_text("1 turned away")
    expect(face.locator(".pose")).to_have_text(POSE)
    expect(face.locator(".bars")).to_have_count(0)
    check_accessible(page)
