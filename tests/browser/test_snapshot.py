"""A picture that is saved is the one that is seen: its boxes, its moment, its blur."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.pixels import pixels, seen
from tests.browser.show import Show, counting, show
from tests.support.waiting import eventually


@pytest.fixture
def shown() -> Iterator[Show]:
    with show(counting) as made:
        yield made


@pytest.fixture
def page(blank: Page, shown: Show) -> Page:
    blank.goto(shown.url)
    expect(blank.locator(".mark")).to_have_count(1)
    return blank


def test_a_frozen_picture_keeps_its_boxes_and_so_does_what_is_saved(
    page: Page, tmp_path: Path
) -> None:
    page.click("#frozen")
    expect(page.locator("#state-text")).to_have_text("frozen")
    x = int(page.locator(".outline").get_attribute("x") or 0)
    clean = seen(page)[..., :3]
    saved = []
    for number, has_boxes in enumerate((True, False)):
        with page.expect_download() as coming:
            page.keyboard.press("s")
        coming.value.save_as(tmp_path / f"{number}.jpg")
        picture = cv2.imread(str(tmp_path / f"{number}.jpg"))
        assert picture is not None
        saved.append(picture)
        expect(page.locator(".mark")).to_be_visible(visible=has_boxes)
        page.keyboard.press("b")
    differ = cv2.absdiff(saved[0], np.ascontiguousarray(clean)).max(axis=2) > 50
    assert differ[40:80, x - 1 : x + 2].any(axis=1).all(), "the left side of the box"
    assert not differ[:, : x - 4].any()
    assert cv2.absdiff(saved[1], np.ascontiguousarray(clean)).max() < 10


def test_a_snapshot_waits_for_the_first_picture(blank: Page, shown: Show) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    blank.route("**/video_feed/**", hold)
    blank.goto(shown.url)
    expect(blank.locator(".tile")).to_have_count(1)
    with blank.expect_download() as coming:
        blank.keyboard.press("s")
        held[0].continue_()
    assert coming.value.suggested_filename.startswith("cam-")


def test_nothing_sharp_stays_until_the_first_blurred_picture(page: Page) -> None:
    thumbnail = page.locator("#faces .thumbnail")
    expect(thumbnail).to_be_visible()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    def asked() -> list[Route]:
        page.wait_for_timeout(0)  # takes in what the browser tells
        return held

    page.route(re.compile("video_feed.*blur=1"), hold)
    page.keyboard.press("u")
    eventually(asked, "the blurred stream to be asked for")
    assert pixels(page) is None
    expect(thumbnail).to_be_hidden()
    with page.expect_download():
        page.keyboard.press("s")
        assert pixels(page) is None
        held[0].continue_()
    expect(thumbnail).to_be_visible()
    expect(page.locator(".mark")).to_have_count(1)
