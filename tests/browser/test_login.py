"""Signing in, where the page is served to other machines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.conftest import WAIT_MS
from tests.browser.witness import OUTAGE, Witness
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

TOKENS = re.compile(r"(look|upload images) opens http://[^/]+/login\?token=(\S+)")
REFUSED = re.compile(f"{OUTAGE.pattern}|status of 401|net::ERR_FAILED")
WRONG = "wrong-wrong-wrong"


@pytest.fixture(scope="module")
def guarded(browser: Browser) -> Iterator[Pipeline]:
    """A pipeline without a camera that every machine can reach."""
    settings = {"PUBLISHER_HOST": "0.0.0.0"}  # noqa: S104
    with Pipeline("broker", "publisher", **settings) as pipeline:
        eventually(lambda: len(tokens_of(pipeline)) == 2, lambda: pipeline.log)
        yield pipeline


@pytest.fixture
def pipeline(guarded: Pipeline) -> Pipeline:
    return guarded


@pytest.fixture
def scriptless(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(WAIT_MS)
    yield context
    context.close()


def tokens_of(pipeline: Pipeline) -> list[str]:
    """Return the tokens that were printed, the viewer's first."""
    return [token for _, token in TOKENS.findall(pipeline.log)]


def expect_the_page(page: Page, pipeline: Pipeline) -> None:
    expect(page).to_have_url(f"{pipeline.url}/")
    expect(page.locator("#tools")).to_be_visible()


def test_form_lets_in_who_has_a_token(blank: Page, pipeline: Pipeline, witness: Witness) -> None:
    with witness.forgiving(REFUSED):
        blank.goto(pipeline.url)
        expect(blank).to_have_url(f"{pipeline.url}/login")
        expect(blank.get_by_label("Token")).to_be_focused()
        check_accessible(blank)
        blank.get_by_label("Token").fill(WRONG)
        blank.keyboard.press("Enter")
        expect(blank.get_by_role("alert")).to_have_text("There is no such token here.")
        check_accessible(blank)
    blank.get_by_label("Token").fill(tokens_of(pipeline)[0])
    blank.get_by_role("button", name="Sign in").click()
    expect_the_page(blank, pipeline)
    expect(blank.locator("#state-text")).not_to_have_text("connecting")
    (cookie,) = blank.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert cookie["value"] not in tokens_of(pipeline)


def test_form_works_without_scripts(scriptless: BrowserContext, pipeline: Pipeline) -> None:
    page = scriptless.new_page()
    page.goto(pipeline.url)
    expect(page).to_have_url(f"{pipeline.url}/login")
    page.get_by_label("Token").fill(tokens_of(pipeline)[1])
    page.get_by_role("button", name="Sign in").click()
    expect_the_page(page, pipeline)


def test_links_of_another_site_find_who_is_signed_in(
    scriptless: BrowserContext, pipeline: Pipeline, tmp_path: Path
) -> None:
    """A strict cookie is not sent along with them."""
    elsewhere = tmp_path / "mail.html"
    link = f"{pipeline.url}/login?token={tokens_of(pipeline)[0]}"
    elsewhere.write_text(f'<a href="{link}">sign in</a> <a href="{pipeline.url}">look</a>')
    page = scriptless.new_page()
    for words in ("sign in", "look"):
        page.goto(elsewhere.as_uri())
        page.get_by_text(words).click()
        expect_the_page(page, pipeline)


def test_session_outlives_the_publisher(blank: Page, pipeline: Pipeline, witness: Witness) -> None:
    blank.goto(f"{pipeline.url}/login?token={tokens_of(pipeline)[0]}")
    expect_the_page(blank, pipeline)
    with witness.forgiving(REFUSED):
        (stage,) = pipeline.processes("publisher.stage")
        stage.kill()
        expect(blank.locator("#notices")).to_contain_text("The publisher does not answer")
        expect(blank.locator("#notices")).not_to_contain_text("The publisher does not answer")
    expect_the_page(blank, pipeline)
    assert len(tokens_of(pipeline)) == 2  # they are printed once


def test_page_whose_session_has_ended_leads_to_the_form(
    blank: Page, pipeline: Pipeline, witness: Witness
) -> None:
    blank.goto(f"{pipeline.url}/login?token={tokens_of(pipeline)[0]}")
    expect_the_page(blank, pipeline)
    blank.context.clear_cookies()  # as where the whole pipeline has other tokens now
    with witness.forgiving(REFUSED):
        (stage,) = pipeline.processes("publisher.stage")
        stage.kill()
        expect(blank).to_have_url(f"{pipeline.url}/login")


def test_viewer_is_told_that_uploads_are_not_for_viewers(
    blank: Page, pipeline: Pipeline, witness: Witness, photograph: Path
) -> None:
    blank.goto(f"{pipeline.url}/login?token={tokens_of(pipeline)[0]}")
    expect_the_page(blank, pipeline)
    with witness.forgiving(re.compile("status of 403")):
        blank.set_input_files("#images", photograph)
        expect(blank.locator("#analysed .bad")).to_contain_text("takes an operator's")
