"""What the page does with its connections: streams that end alone, and tabs that nobody sees."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.conftest import WAIT_MS
from tests.browser.pixels import wait_moving
from tests.browser.readers import event_readers, streams
from tests.browser.witness import Witness
from tests.publisher.material import Rig, camera_status, meanwhile, pipeline, rig
from tests.support.http_stream import EventStream
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

MOST = 3
TABS = 8  # of two connections each; a browser has six to one server
STREAMS = 4  # of pictures, that all tabs together may have
NO_WORKER = "delete window.SharedWorker"
BROKEN_WORKER = """window.SharedWorker = class {
  constructor() {
    this.port = { postMessage() {}, close() {} };
    setTimeout(() => this.onerror());
  }
}"""
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


@pytest.fixture
def tabs(browser: Browser, demo: Pipeline) -> Iterator[list[Page]]:
    """More tabs of one browser than it has connections, all of them seen."""
    context = browser.new_context(accept_downloads=True)
    context.set_default_timeout(WAIT_MS)
    opened = []
    try:
        for _ in range(TABS):
            opened.append(context.new_page())
            opened[-1].goto(demo.url)
            expect(opened[-1].locator("#state-text")).to_have_text("live")
        yield opened
    finally:
        context.close()


def test_many_tabs_share_one_stream_of_events_and_four_of_pictures(
    tabs: list[Page], demo: Pipeline
) -> None:
    for tab in tabs:
        wait_moving(tab)
        expect(tab.locator("#faces .face").first).to_be_visible()
    assert event_readers(demo) == 1
    eventually(lambda: streams(demo) == STREAMS, "four streams of pictures and no more")
    tabs[0].close()
    # Who waited has the stream that has become free, and who is left goes on.
    expect(tabs[STREAMS].locator(".tile canvas")).to_have_attribute(
        "data-source", re.compile("^video_feed")
    )
    eventually(lambda: streams(demo) == STREAMS, "as many streams")
    for tab in tabs[1:]:
        wait_moving(tab)
    assert event_readers(demo) == 1


@pytest.mark.parametrize("which", [0, 1], ids=["with the worker", "without it"])
def test_a_tab_that_crashes_leaves_its_streams_to_others(
    tabs: list[Page], demo: Pipeline, which: int
) -> None:
    """Chromium has the worker in the process of the tab that started it."""

    def streaming() -> int:
        sources = [
            left.locator(".tile canvas").get_attribute("data-source") or "" for left in others
        ]
        return sum(source.startswith("video_feed") for source in sources)

    others = [tab for at, tab in enumerate(tabs) if at != which]
    eventually(lambda: streaming() == STREAMS - 1, "three streams, and that of the tab to crash")
    with pytest.raises(Error, match=r"ERR_ABORTED|crash"):
        tabs[which].goto("chrome://crash")
    eventually(lambda: streaming() == STREAMS, "the stream to be had by another tab")
    eventually(lambda: event_readers(demo) == 1, "one stream of events")
    for tab in others:
        wait_moving(tab)
        published = tab.locator("#published").inner_text()
        expect(tab.locator("#published")).not_to_have_text(published)


def test_uploads_and_snapshots_work_with_many_tabs(tabs: list[Page], photograph: Path) -> None:
    with tabs[-1].expect_download() as coming:
        tabs[-1].click("#snapshot")
    assert coming.value.suggested_filename.endswith(".jpg")
    tabs[-1].set_input_files("#images", photograph)
    expect(tabs[-1].locator(".analysed p").first).to_have_text(re.compile(r"^\d+ faces?$"))


@pytest.mark.parametrize("script", [NO_WORKER, BROKEN_WORKER], ids=["none", "broken"])
def test_a_tab_whose_browser_has_no_shared_worker_follows_alone(
    page: Page, witness: Witness, script: str
) -> None:
    page.add_init_script(script)
    page.reload()
    expect(page.locator("#state-text")).to_have_text("live")
    wait_moving(page)
    assert len(witness.asked("/events")) == 1


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
