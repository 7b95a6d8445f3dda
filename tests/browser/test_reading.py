"""Whether everyone can read the page: on any screen, light or dark, with any help they use."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import SCHEMES, check_accessible
from tests.browser.pixels import wait_moving
from tests.support.waiting import eventually

SCREENS = [(360, 740), (1280, 900), (3840, 2160)]


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_nothing_is_wider_than_the_screen(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    wait_moving(page)
    expect(page.locator("#faces .face").first).to_be_visible()
    expect(page.locator("#timeline")).to_be_visible()
    wide, visible = page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= visible <= width
    picture = page.locator(".tile canvas").bounding_box()
    assert picture is not None
    assert picture["width"] > 0.35 * width


def test_light_and_dark_are_the_systems_choice(page: Page) -> None:
    backgrounds = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        backgrounds.append(
            page.evaluate("() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g)")
        )
    light, dark = ([int(part) for part in parts] for parts in backgrounds)
    assert min(light) > 200
    assert max(dark) < 60


def test_a_scan_of_the_live_page_finds_nothing_serious(page: Page) -> None:
    expect(page.locator("#faces .face").first).to_be_visible()
    expect(page.locator("#timeline")).to_be_visible()
    wait_moving(page)
    check_accessible(page)


def frozen_with_a_face(page: Page) -> bool:
    """Freeze the page; let it go on where the last face has just left."""
    expect(page.locator("#faces .face").first).to_be_visible()
    page.click("#frozen")
    expect(page.locator("#notices")).to_contain_text("Frozen")
    if page.locator("#faces .face").count():
        return True
    page.click("#frozen")
    expect(page.locator("#notices")).not_to_contain_text("Frozen")
    return False


def test_a_scan_of_a_frozen_page_with_a_face_that_has_left_finds_nothing_serious(
    page: Page,
) -> None:
    expect(page.locator("#faces .face").first).to_be_visible()
    page.click("#blur")
    eventually(lambda: frozen_with_a_face(page), "a face at the moment of freezing")
    page.evaluate("() => document.querySelector('.face').classList.add('gone')")
    check_accessible(page)


def test_a_scan_of_the_data_alone_finds_nothing_serious(page: Page) -> None:
    page.click("#dataOnly")
    expect(page.locator("#faces .face").first).to_be_visible()
    check_accessible(page)
