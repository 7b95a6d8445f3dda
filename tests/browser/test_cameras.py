"""Several cameras: choosing one, watching all, and one that goes away."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.pixels import difference, seen, wait_moving
from tests.browser.witness import Witness
from tests.support.pipeline import Pipeline
from tests.support.waiting import DEADLINE_S, eventually

OTHER = "back door"  # a name that has to be encoded in addresses


def tile(camera: str) -> str:
    return f'.tile[data-camera="{camera}"]'


def start_other(pipeline: Pipeline) -> subprocess.Popen[bytes]:
    pipeline.environ["CAPTURE_CAMERA"] = OTHER
    try:
        return pipeline.start_worker("capture")
    finally:
        del pipeline.environ["CAPTURE_CAMERA"]


@pytest.fixture(scope="module")
def two(browser: Browser) -> Iterator[Pipeline]:
    """A pipeline with two cameras."""
    with Pipeline() as pipeline:
        pipeline.wait_published(10)
        capture = start_other(pipeline)
        try:
            pipeline.wait_published(5, OTHER)
            yield pipeline
        finally:
            capture.terminate()
            capture.wait(DEADLINE_S)


@pytest.fixture
def pipeline(two: Pipeline) -> Pipeline:
    return two


def chosen(page: Page) -> str:
    return page.locator("#cameras [aria-checked=true]").inner_text()


def test_a_camera_is_chosen_by_click_and_kept_in_the_address(page: Page, witness: Witness) -> None:
    expect(page.locator("#cameras button")).to_have_text(["All cameras", "demo", OTHER])
    expect(page.locator(tile("demo"))).to_be_visible()
    page.get_by_role("radio", name=OTHER).click()
    expect(page.locator(tile(OTHER))).to_be_visible()
    expect(page.locator(".tile")).to_have_count(1)
    assert chosen(page) == OTHER
    assert witness.asked("/video_feed/back%20door")
    wait_moving(page, f"{tile(OTHER)} canvas")
    page.reload()
    expect(page.locator(tile(OTHER))).to_be_visible()
    assert chosen(page) == OTHER


def test_all_cameras_are_seen_at_once_and_each_moves(page: Page) -> None:
    page.get_by_role("radio", name="All cameras").click()
    expect(page.locator(".tile")).to_have_count(2)
    assert page.url.endswith("#/all")
    for camera in ("demo", OTHER):
        expect(page.locator(f"{tile(camera)} figcaption")).to_have_text(camera)
        wait_moving(page, f"{tile(camera)} canvas")
    # The cards of both, each naming its camera.
    tracks = page.locator("#faces .track")
    eventually(lambda: any("demo ·" in text for text in tracks.all_inner_texts()), "a card of demo")
    eventually(lambda: any(OTHER in text for text in tracks.all_inner_texts()), "and of the other")
    page.reload()
    expect(page.locator(".tile")).to_have_count(2)


def test_a_tab_that_shows_two_cameras_is_one_viewer(page: Page, pipeline: Pipeline) -> None:
    page.get_by_role("radio", name="All cameras").click()
    for camera in ("demo", OTHER):
        wait_moving(page, f"{tile(camera)} canvas")
    eventually(lambda: pipeline.status()["viewers"] == 1, "one viewer")  # of the tab before, too
    assert [camera["viewers"] for camera in pipeline.status()["cameras"]] == [1, 1]
    expect(page.locator("#viewers")).to_have_text(re.compile("^1"))


def test_digits_choose_a_camera(page: Page) -> None:
    expect(page.locator("#cameras button")).to_have_count(3)
    for key, count, name in (("2", 1, OTHER), ("0", 2, "All cameras"), ("1", 1, "demo")):
        page.keyboard.press(key)
        expect(page.locator(".tile")).to_have_count(count)
        assert chosen(page) == name
    page.keyboard.press("7")
    assert chosen(page) == "demo"


def test_arrow_keys_move_the_choice(page: Page) -> None:
    expect(page.locator("#cameras button")).to_have_count(3)
    page.keyboard.press("Tab")
    focused = "() => document.activeElement.textContent"
    assert page.evaluate(focused) == "demo", "Tab leads to the one that is chosen"
    for key, name in (("ArrowRight", OTHER), ("ArrowDown", "All cameras"), ("ArrowLeft", OTHER)):
        page.keyboard.press(key)
        assert page.evaluate(focused) == name
        assert chosen(page) == name
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "frozen"


def test_a_camera_that_is_killed_is_told_as_offline_while_the_other_goes_on(
    page: Page, pipeline: Pipeline, witness: Witness
) -> None:
    expect(page.locator("#cameras button")).to_have_count(3)
    page.keyboard.press("0")
    expect(page.locator(".tile")).to_have_count(2)
    wait_moving(page, f"{tile(OTHER)} canvas")
    killed = next(
        process
        for process in pipeline.processes("capture")
        if process.environ().get("CAPTURE_CAMERA") == OTHER
    )
    killed.kill()
    expect(page.locator(f"{tile(OTHER)} figcaption")).to_contain_text("offline since")
    expect(page.locator("#notices")).to_contain_text(f"Camera {OTHER} is offline since")
    expect(page.locator("#state-text")).to_have_text("1 of 2 offline")
    wait_moving(page, f"{tile('demo')} canvas")
    check_accessible(page)
    old = seen(page, f"{tile(OTHER)} canvas")
    again = [start_other(pipeline)]

    def back() -> bool:
        if again[-1].poll() is not None:  # the name is kept for a capture that said no goodbye
            again.append(start_other(pipeline))
        return bool(pipeline.camera(OTHER)["online"])

    try:
        eventually(back, "the camera to be back")
        expect(page.locator("#state-text")).to_have_text("live")
        expect(page.locator("#notices")).to_be_empty()
        eventually(
            lambda: difference(old, seen(page, f"{tile(OTHER)} canvas")) > 5, "its picture again"
        )
        wait_moving(page, f"{tile(OTHER)} canvas")
    finally:
        again[-1].terminate()
        again[-1].wait(DEADLINE_S)
