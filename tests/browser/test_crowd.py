"""Many faces at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.show import Show, crowd, show

TWELVE = 12
SCREENS = [(1440, 900), (390, 844), (2560, 1440)]
SEEN = """(selector) => {
  const { top, bottom, left, right } = document.querySelector(selector).getBoundingClientRect();
  const shown = (from, to, end) => Math.max(0, Math.min(to, end) - Math.max(from, 0)) / (to - from);
  return shown(top, bottom, innerHeight) * shown(left, right, innerWidth);
}"""
"""Which part of something is in the window."""


@pytest.fixture(scope="module")
def twelve() -> Iterator[Show]:
    with show(lambda _: crowd(TWELVE)) as made:
        yield made


@pytest.mark.parametrize("size", SCREENS)
def test_the_picture_stays_in_view_while_the_last_card_is_read(
    blank: Page, twelve: Show, size: tuple[int, int]
) -> None:
    blank.set_viewport_size({"width": size[0], "height": size[1]})
    blank.goto(twelve.url)
    cards = blank.locator("#faces .face")
    expect(cards).to_have_count(TWELVE)
    cards.last.scroll_into_view_if_needed()
    assert blank.evaluate(SEEN, ".tile") > 0.9
    assert blank.evaluate(SEEN, "#faces .face:last-child") > 0.9


def test_cards_are_compact_from_five_on(blank: Page) -> None:
    count = 4
    with show(lambda _: crowd(count)) as shown:
        blank.goto(shown.url)
        cards = blank.locator("#faces .face")
        expect(cards).to_have_count(4)
        expect(cards.first.locator(".bars")).to_be_visible()
        high = (cards.first.bounding_box() or {"height": 0})["height"]
        count = 5
        expect(cards).to_have_count(5)
        expect(cards.first.locator(".bars")).to_be_hidden()
        assert (cards.first.bounding_box() or {"height": high})["height"] < high / 2
        cards.last.click()
        expect(cards.last.locator(".bars")).to_be_visible()
        check_accessible(blank)


def test_cards_of_those_who_have_left_make_no_others_small(blank: Page) -> None:
    """Three come when three have just left: six cards, of which three fade."""
    top = 0
    with show(lambda _: crowd(3, top)) as shown:
        blank.goto(shown.url)
        names = blank.locator("#faces .number")
        expect(names).to_have_text(["1", "2", "3"])
        blank.evaluate(
            """() => new MutationObserver(() => {
              const { classList, children } = document.getElementById("faces");
              if (classList.contains("compact")) document.body.dataset.small = children.length;
              if (children.length > 4) document.body.dataset.many = children.length;
            }).observe(document.getElementById("faces"), { attributes: true, childList: true })"""
        )
        top = 240
        expect(names).to_have_text(["4", "5", "6"])
        assert blank.locator("body").get_attribute("data-many") == "6"
        assert blank.locator("body").get_attribute("data-small") is None
