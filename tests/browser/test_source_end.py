"""The end of a source: nothing that stays on the page moves."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.show import show
from tests.publisher.material import camera_status

PLACES = """() => ["stage", "tools", "timeline", "health"].map((id) => {
  const { x, y, width, height } = document.getElementById(id).getBoundingClientRect();
  return [id, ...[x, y + scrollY, width, height].map(Math.round)];
})"""


@pytest.mark.parametrize("size", [(1440, 900), (390, 844), (844, 390)], ids=str)
def test_nothing_jumps_when_a_source_ends(blank: Page, size: tuple[int, int]) -> None:
    blank.set_viewport_size({"width": size[0], "height": size[1]})
    with show() as running:
        blank.goto(running.url)
        expect(blank.locator("#faces .face")).to_have_count(1)
        expect(blank.locator("#shares li")).to_have_count(1)
        expect(blank.locator("#faces .thumbnail")).to_be_visible()
        before = blank.evaluate(PLACES)
        running.cameras = (camera_status(ended=True),)
        expect(blank.locator("#state-text")).to_have_text("ended")
        assert blank.evaluate(PLACES) == before
        running.cameras = ()
        expect(blank.locator("#waiting")).to_have_text("Waiting for a camera")
        expect(blank.locator("#faces .face")).to_have_count(0)
        assert blank.evaluate(PLACES) == before
    expect(blank.locator("#waiting")).to_have_text("No connection")
    assert blank.evaluate(PLACES) == before
