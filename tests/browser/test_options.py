"""The buttons under the picture, and their keys."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.pixels import difference, seen, wait_moving
from tests.browser.witness import Witness
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

TOGGLES = {"frozen": "p", "boxes": "b", "blur": "u", "dataOnly": "d"}
CONTROLS = ["frozen", "snapshot", "fullscreen", "boxes", "blur", "dataOnly", "images", "help"]


def pressed(page: Page, name: str) -> bool:
    return page.locator(f"#{name}").get_attribute("aria-pressed") == "true"


def cards(page: Page) -> list[str]:
    return page.locator("#faces .face").all_inner_texts()


def published(pipeline: Pipeline) -> int:
    return int(pipeline.camera()["published"])


def test_frozen_page_stands_still_and_says_so(page: Page, pipeline: Pipeline) -> None:
    expect(page.locator("#faces .face").first).to_be_visible()
    wait_moving(page)
    page.click("#frozen")
    expect(page.locator("#state-text")).to_have_text("frozen")
    expect(page.locator("#notices")).to_contain_text("Frozen at")
    picture, told = seen(page, ".tile canvas"), cards(page)
    assert picture[..., :3].std() > 10
    pipeline.wait_published(published(pipeline) + 20)
    assert difference(picture, seen(page, ".tile canvas")) == 0
    assert cards(page) == told
    page.click("#frozen")
    expect(page.locator("#state-text")).to_have_text("live")
    expect(page.locator("#notices")).to_be_empty()
    wait_moving(page)


def test_frozen_page_connects_to_no_stream(page: Page, pipeline: Pipeline) -> None:
    wait_moving(page)
    page.click("#frozen")
    eventually(lambda: pipeline.status()["viewers"] == 0, "the stream to be left")


def test_data_only_shows_no_picture_and_asks_for_none(
    page: Page, pipeline: Pipeline, witness: Witness
) -> None:
    wait_moving(page)
    page.click("#dataOnly")
    expect(page.locator("#tiles canvas")).to_have_count(0)
    expect(page.locator("#stage")).to_be_hidden()
    expect(page.locator("#snapshot")).to_be_disabled()
    eventually(lambda: pipeline.status()["viewers"] == 0, "the stream to be left")
    asked = len(witness.asked("/video_feed"))
    expect(page.locator("#faces .face").first).to_be_visible()
    expect(page.locator("#faces .thumbnail:visible")).to_have_count(0)
    told = cards(page)
    eventually(lambda: cards(page) != told, "the cards to go on")
    page.reload()
    expect(page.locator("#faces .face").first).to_be_visible()
    assert pressed(page, "dataOnly"), "the choice is remembered"
    assert len(witness.asked("/video_feed")) == asked
    page.click("#dataOnly")
    wait_moving(page)


@pytest.mark.parametrize("way", ["button", "key", "frozen"])
def test_snapshot_is_a_picture_on_disk(page: Page, tmp_path: Path, way: str) -> None:
    wait_moving(page)
    if way == "frozen":
        page.click("#frozen")
        expect(page.locator("#state-text")).to_have_text("frozen")
        page.click("#boxes")
    with page.expect_download() as coming:
        if way == "key":
            page.keyboard.press("s")
        else:
            page.click("#snapshot")
    assert re.fullmatch(r"demo-[\dTZ.-]+\.jpg", coming.value.suggested_filename)
    path = tmp_path / "snapshot.jpg"
    coming.value.save_as(path)
    picture = cv2.imread(str(path))
    assert picture is not None
    assert picture.shape == (480, 640, 3)
    assert picture.std() > 10
    if way == "frozen":
        frozen = seen(page, ".tile canvas")[..., :3]
        assert difference(frozen, np.asarray(picture, np.uint8)) < 5


@pytest.mark.parametrize(("name", "key"), TOGGLES.items())
def test_keys_do_what_the_buttons_do(page: Page, name: str, key: str) -> None:
    expect(page.locator("#state-text")).to_have_text("live")
    before = pressed(page, name)
    for expected in (not before, before):
        page.keyboard.press(key)
        assert pressed(page, name) is expected
    page.click(f"#{name}")
    assert pressed(page, name) is not before


def test_keys_with_a_modifier_are_left_to_the_browser(page: Page) -> None:
    expect(page.locator("#state-text")).to_have_text("live")
    page.keyboard.press("Alt+p")
    assert not pressed(page, "frozen")


def test_full_screen_comes_and_goes(page: Page) -> None:
    wait_moving(page)
    fills = "() => document.fullscreenElement?.id === 'stage'"
    page.keyboard.press("f")
    page.wait_for_function(fills)
    expect(page.locator("#fullscreen")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement === null")
    expect(page.locator("#fullscreen")).to_have_attribute("aria-pressed", "false")


def test_keys_reach_every_control_in_order(page: Page) -> None:
    expect(page.locator("#state-text")).to_have_text("live")
    expect(page.locator("#timeline")).to_be_visible()

    def reached(key: str, times: int) -> list[str]:
        found = []
        for _ in range(times):
            page.keyboard.press(key)
            found.append(
                page.evaluate("() => document.activeElement.id || document.activeElement.tagName")
            )
        return found

    assert reached("Tab", 1) + reached("ArrowRight", len(CONTROLS) - 1) == CONTROLS
    after = reached("Tab", 4)
    assert after[:2] == ["lanes", "SUMMARY"]
    assert "A" in after, "the links at the end"
