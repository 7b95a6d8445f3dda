"""Shortcuts of one key, the list of them and the switch; and arrow keys in the toolbar."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.show import show

SHORTCUTS = {"P", "S", "F", "B", "U", "D", "?", "0", "1 … 9"}
FOCUSED = "() => document.activeElement.id"


@pytest.fixture
def page(blank: Page) -> Iterator[Page]:
    with show() as running:
        blank.goto(running.url)
        expect(blank.locator("#state-text")).to_have_text("live")
        yield blank


def test_a_key_lists_all_keys(page: Page) -> None:
    page.keyboard.press("?")
    panel = page.get_by_role("dialog", name="Keys")
    expect(panel).to_be_visible()
    assert set(panel.locator("kbd").all_inner_texts()) == SHORTCUTS
    expect(panel).to_contain_text("Freeze the page")
    check_accessible(page)
    page.keyboard.press("p")
    expect(page.locator("#frozen")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.keyboard.press("p")
    expect(page.locator("#frozen")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#notices")).to_contain_text("Press Freeze or P to go on")


def test_keys_that_are_switched_off_do_nothing_and_stay_so(page: Page) -> None:
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    for _ in range(2):
        for key in ("p", "b", "u", "d", "?"):
            page.keyboard.press(key)
        for name, pressed in {"frozen": "false", "boxes": "true", "dataOnly": "false"}.items():
            button = page.locator(f"#{name}")
            expect(button).to_have_attribute("aria-pressed", pressed)
            assert button.get_attribute("aria-keyshortcuts") is None
            assert not str(button.get_attribute("title")).endswith(")")
        expect(page.get_by_role("dialog")).to_be_hidden()
        page.reload()
        expect(page.locator("#state-text")).to_have_text("live")
    page.click("#frozen")
    expect(page.locator("#notices")).to_contain_text("Press Freeze to go on")
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use these keys").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("p")
    expect(page.locator("#frozen")).to_have_attribute("aria-pressed", "false")


def test_arrow_keys_lead_through_the_toolbar(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "frozen"
    for key, name in {
        "ArrowRight": "snapshot",
        "End": "help",
        "ArrowLeft": "images",
        "Home": "frozen",
    }.items():
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED) == name
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(FOCUSED) == "help", "it begins again"
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "lanes", "the toolbar is one stop"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED) == "help"


def test_a_stop_that_is_disabled_hands_over(page: Page) -> None:
    page.locator("#boxes").focus()
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("d")
    expect(page.locator("#boxes")).to_be_disabled()
    expect(page.locator("#tools [tabindex='0']")).to_have_count(1)
    expect(page.locator("#tools [tabindex='0']")).to_have_id("frozen")
