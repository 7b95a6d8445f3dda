"""The publisher goes away and comes back; the page stays open."""

from __future__ import annotations

import re

import psutil
from playwright.sync_api import Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.pixels import wait_moving
from tests.browser.witness import OUTAGE, Witness
from tests.support.pipeline import Pipeline

WHILE_AWAY = re.compile(f"{OUTAGE.pattern}|status of 503|net::ERR_FAILED")


def supervisor_of(stage: psutil.Process) -> psutil.Process:
    found = stage.parent()
    assert found is not None
    return found


def test_page_says_that_the_publisher_is_gone_and_goes_on_when_it_is_back(
    page: Page, pipeline: Pipeline, witness: Witness
) -> None:
    wait_moving(page)
    expect(page.locator("#faces .face").first).to_be_visible()
    (stage,) = pipeline.processes("publisher.stage")
    supervisor = supervisor_of(stage)
    with witness.forgiving(WHILE_AWAY):
        supervisor.suspend()  # so that there is time to look at the page
        try:
            stage.kill()
            expect(page.locator("#notices")).to_contain_text("The publisher does not answer")
            expect(page.locator("#state-text")).to_have_text("not connected")
            expect(page.locator("#tiles canvas")).to_have_count(0)
            expect(page.locator("#waiting")).to_have_text("No connection")
            expect(page.locator("#faces .face")).to_have_count(0)
            check_accessible(page)
        finally:
            supervisor.resume()
        expect(page.locator("#state-text")).to_have_text("live")
        expect(page.locator("#notices")).to_be_empty()
        wait_moving(page)
        expect(page.locator("#faces .face").first).to_be_visible()
    expect(page.locator("#restarts")).to_contain_text("the last time because it was killed by")
    assert [process.pid for process in pipeline.processes("publisher.stage")] != [stage.pid]


def test_page_that_is_frozen_stays_frozen_over_a_restart(
    page: Page, pipeline: Pipeline, witness: Witness
) -> None:
    wait_moving(page)
    page.click("#frozen")
    (stage,) = pipeline.processes("publisher.stage")
    with witness.forgiving(WHILE_AWAY):
        stage.kill()
        expect(page.locator("#notices")).to_contain_text("does not answer")
        expect(page.locator("#state-text")).to_have_text("frozen")
        expect(page.locator(".tile canvas")).to_be_visible()
        page.click("#frozen")
        expect(page.locator("#state-text")).to_have_text("live")
        wait_moving(page)
