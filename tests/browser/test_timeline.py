"""The timeline: every face in it, what it tells of a moment, and how far back it goes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WAIT_MS
from tests.browser.pixels import seen
from tests.browser.show import Show, crowd, show
from tests.support.waiting import eventually

FEW = 8
MOMENT = re.compile(r"^\d+:\d\d:\d\d( [AP]M)? · face \d+ · (happy|sad)$")


@pytest.fixture
def running() -> Iterator[Show]:
    with show() as made:
        yield made


def rows_in_colour(page: Page, last_s: float) -> list[bool]:
    """Return for each lane whether anything is drawn in it in the last seconds of a minute."""
    expect(page.locator("#lanes")).to_be_visible()
    painted = seen(page, "#lanes")[..., 3] > 0
    lanes = round(page.evaluate("() => document.getElementById('lanes').offsetHeight / 18"))
    recent = painted[:, -round(painted.shape[1] * last_s / 60) :]
    return [bool(lane[4:-4].any()) for lane in np.array_split(recent, lanes)]


def end_of_a_lane(page: Page, lane: int) -> tuple[float, float]:
    """Return a place that is half a second before the end of what is drawn in a lane."""
    box = page.locator("#lanes").bounding_box()
    assert box is not None
    painted = seen(page, "#lanes")[18 * lane + 9, :, 3] > 0
    x = np.flatnonzero(painted)[-1] - painted.size / 120
    return box["x"] + float(x), box["y"] + 18 * lane + 9


def freeze_with_faces(page: Page, faces: int) -> None:
    """Stop the page where there are so many lanes, each with some seconds of a face."""
    expect(page.locator("#faces .face")).to_have_count(faces)
    eventually(lambda: painted_s(page) > 3, "three seconds of faces")
    page.click("#frozen")
    expect(page.locator("#state-text")).to_have_text("frozen")


def painted_s(page: Page) -> float:
    painted = (seen(page, "#lanes")[..., 3] > 0).any(axis=0)
    return float(60 * painted.mean())


def test_faces_that_find_no_lane_are_counted_and_shown_when_asked_for(
    blank: Page, running: Show
) -> None:
    running.faces = lambda _: crowd(12)
    blank.goto(running.url)
    expect(blank.locator("#faces .face")).to_have_count(12)
    more = blank.get_by_role("button", name="+4 more")
    expect(more).to_be_visible()
    expect(more).to_have_attribute("aria-expanded", "false")
    expect(
        blank.get_by_role("slider", name="Timeline, 12 faces, 4 of them not shown")
    ).to_be_visible()
    more.click()
    eventually(lambda: rows_in_colour(blank, 3) == 12 * [True], "twelve lanes")
    blank.get_by_role("button", name="Show fewer").click()
    eventually(lambda: rows_in_colour(blank, 3) == FEW * [True], "eight lanes")


def test_faces_that_come_as_others_leave_follow_them_in_their_lanes(
    blank: Page, running: Show
) -> None:
    running.faces = lambda _: crowd(FEW)
    blank.goto(running.url)
    eventually(lambda: rows_in_colour(blank, 3) == FEW * [True], "eight lanes")
    running.faces = lambda _: crowd(FEW, top=60)  # nobody is where somebody was
    expect(blank.locator("#faces h3").first).to_have_text(re.compile(rf"[Ff]ace {FEW + 1}\b"))
    eventually(lambda: painted_s(blank) > 8, "time to go by")
    assert rows_in_colour(blank, 3) == FEW * [True]
    expect(blank.locator("#all-lanes")).to_be_hidden()


def test_pointer_and_click_tell_time_face_and_label(blank: Page, running: Show) -> None:
    running.faces = lambda _: crowd(2)
    blank.goto(running.url)
    freeze_with_faces(blank, 2)
    moment = blank.locator("#moment")
    expect(moment).to_be_hidden()
    told = []
    for lane in range(2):
        blank.mouse.move(*end_of_a_lane(blank, lane))
        expect(moment).to_have_text(MOMENT)
        told.append(moment.inner_text().split(" · ")[1:])
    assert sorted(told) == [["face 1", "happy"], ["face 2", "sad"]]
    blank.mouse.click(*end_of_a_lane(blank, 0))
    pinned = moment.inner_text()
    blank.mouse.move(5, 5)
    expect(moment).to_have_text(pinned)
    blank.keyboard.press("Escape")
    expect(moment).to_be_hidden()


def test_arrow_keys_lead_through_time_and_faces(blank: Page, running: Show) -> None:
    running.faces = lambda _: crowd(2)
    blank.goto(running.url)
    freeze_with_faces(blank, 2)
    lanes = blank.get_by_role("slider", name="Timeline, 2 faces")
    lanes.focus()
    told = []
    for key in ("ArrowLeft", "ArrowDown", "ArrowLeft", "ArrowUp"):
        blank.keyboard.press(key)
        told.append(str(lanes.get_attribute("aria-valuetext")))
        expect(blank.locator("#moment")).to_have_text(told[-1])
    assert all(MOMENT.match(text) for text in told), told
    assert [text.split(" · ")[1] for text in told] in (
        ["face 1", "face 2", "face 2", "face 1"],
        ["face 2", "face 1", "face 1", "face 2"],
    )
    assert told[0].split(" · ")[0] == told[1].split(" · ")[0] > told[2].split(" · ")[0]
    blank.keyboard.press("Home")
    assert lanes.get_attribute("aria-valuenow") == "0"


def test_a_finger_pins_a_moment(browser: Browser, running: Show) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(running.url)
    freeze_with_faces(page, 1)
    page.locator("#lanes").scroll_into_view_if_needed()
    page.touchscreen.tap(*end_of_a_lane(page, 0))
    expect(page.locator("#moment")).to_have_text(MOMENT)
    context.close()


@pytest.mark.parametrize(
    ("before_s", "since"),
    [
        ((), r"^1 min ago$"),
        ((150.0, 149.0), r"^2 min \d+ s ago$"),
        ((297.0,), r"^5 min ago$"),
    ],
)
def test_the_timeline_goes_as_far_back_as_there_is_something(
    blank: Page, before_s: tuple[float, ...], since: str
) -> None:
    with show(before_s=before_s) as running:
        blank.goto(running.url)
        expect(blank.locator("#since")).to_have_text(re.compile(since))
