"""Phones, fingers, and systems that choose all colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WAIT_MS
from tests.browser.show import Show, show
from tests.publisher.material import camera_status

LEAST_PX = 44
COLOUR = "(node) => getComputedStyle(node).backgroundColor"


@pytest.fixture
def running() -> Iterator[Show]:
    with show() as made:
        yield made


@pytest.fixture
def phone(browser: Browser, running: Show) -> Iterator[Callable[[int, int], Page]]:
    """Opens the page on a phone of a size."""
    contexts = []

    def open_page(width: int, height: int) -> Page:
        viewport = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.goto(running.url)
        expect(page.locator("#faces .face").first).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390)])
def test_a_finger_finds_what_it_aims_at(
    phone: Callable[[int, int], Page], running: Show, width: int, height: int
) -> None:
    running.cameras = (camera_status(), camera_status("a"))
    page = phone(width, height)
    expect(page.locator("#cameras button")).to_have_count(3)
    assert page.evaluate("() => matchMedia('(pointer: coarse)').matches")
    targets = page.locator("button:visible, .button:visible, summary:visible, footer a")
    sizes = {node.inner_text(): node.bounding_box() for node in targets.all()}
    assert len(sizes) >= 3 + 8 + 1 + 4
    small = {
        name: box
        for name, box in sizes.items()
        if box is None or box["height"] < LEAST_PX or box["width"] < LEAST_PX
    }
    assert small == {}


def test_a_phone_held_sideways_shows_the_picture_and_the_faces(
    phone: Callable[[int, int], Page],
) -> None:
    page = phone(844, 390)
    picture = page.locator(".tile").bounding_box()
    card = page.locator("#faces .face .label").bounding_box()
    assert picture is not None
    assert card is not None
    assert picture["y"] + picture["height"] <= 390
    assert picture["width"] > 300
    assert card["y"] + card["height"] <= 390
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 844


def test_forced_colours_keep_bars_and_pressed_buttons(blank: Page, running: Show) -> None:
    blank.goto(running.url)
    expect(blank.locator("#faces .face")).to_have_count(1)
    blank.emulate_media(forced_colors="active")
    fills = blank.locator("#faces .fill").all()
    colours = {fill.evaluate(COLOUR) for fill in fills}
    assert len(colours) == len(fills) == 7
    swatch = blank.locator("#faces .number").evaluate(COLOUR)
    assert swatch in colours
    boxes = blank.locator("#boxes")
    on = boxes.evaluate(COLOUR)
    boxes.click()
    assert boxes.evaluate(COLOUR) != on
