"""What the page does with its connections: streams that end alone, and tabs that nobody sees."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WAIT_MS
from tests.browser.pixels import wait_moving
from tests.publisher.material import Rig, camera_status, meanwhile, pipeline, rig
from tests.support.http_stream import EventStream
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

MOST = 3
TABS = 8  # of two connections each; a browser has six to one server
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def running() -> Iterator[Rig]:
    """A publisher in this process, whose camera's picture changes all the time."""
    with (
        tempfile.TemporaryDirectory(prefix="pub-") as folder,
        rig(Path(folder), max_viewers=MOST) as made,
    ):

        def publish() -> None:
            made.report(pipeline(camera_status()))
            made.ring.write(0, np.full(made.ring.shape, made.frames * 7 % 250, np.uint8))
            made.publish_next()

        with meanwhile(publish, 0.05):
            yield made


def test_a_stream_of_pictures_that_ends_alone_is_opened_again(blank: Page, running: Rig) -> None:
    blank.goto(running.url)
    wait_moving(blank)
    assert running.server._server
    channels = running.server._server._server.active_channels
    (stream,) = (
        each
        for each in channels.values()
        if each.requests and each.requests[0].path.startswith("/video_feed")
    )
    stream.hang_up()
    eventually(lambda: stream not in channels.values(), "the end of the stream")
    wait_moving(blank)
    expect(blank.locator("#state-text")).to_have_text("live")


def test_who_is_one_too_many_is_told_and_comes_in_later(blank: Page, running: Rig) -> None:
    others = [EventStream(running.url) for _ in range(MOST)]
    blank.goto(running.url)
    expect(blank.locator("#notices")).to_contain_text("PUBLISHER_MAX_VIEWERS")
    for other in others:
        other.close()
    expect(blank.locator("#state-text")).to_have_text("live")
    expect(blank.locator("#notices")).to_be_empty()


def test_hidden_tabs_leave_their_connections_to_others(browser: Browser, demo: Pipeline) -> None:
    context = browser.new_context()
    context.set_default_timeout(WAIT_MS)
    tabs = [context.new_page() for _ in range(TABS)]
    for tab in tabs:
        tab.goto(demo.url)
        wait_moving(tab)
        tab.evaluate(HIDE, True)
    eventually(lambda: demo.status()["viewers"] == 0, "nobody to watch")
    tabs[0].evaluate(HIDE, False)
    wait_moving(tabs[0])
    expect(tabs[0].locator("#state-text")).to_have_text("live")
    expect(tabs[0].locator("#notices")).to_be_empty()
    context.close()
