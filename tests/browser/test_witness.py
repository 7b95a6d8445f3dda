"""The tests here see what goes wrong on a page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.witness import Witness
from tests.support.waiting import eventually

ELSEWHERE = "http://127.0.0.1:9/picture.jpg"
MISHAPS = {
    "console error: oh no": "() => console.error('oh no')",
    "script error: .*oh no": "() => { setTimeout(() => { throw new Error('oh no'); }); }",
    "status of 404": "() => fetch('/nowhere')",
    "Content Security Policy": f"() => {{ new Image().src = '{ELSEWHERE}'; }}",
}


@pytest.mark.parametrize(("finding", "script"), MISHAPS.items(), ids=list(MISHAPS))
def test_what_must_not_happen_is_seen(
    page: Page, witness: Witness, finding: str, script: str
) -> None:
    expect(page.locator("#state-text")).to_have_text("live")
    page.evaluate(script)
    eventually(lambda: seen(page, witness, finding), finding)
    witness.settle()
    witness.findings.clear()


def test_a_request_to_another_server_is_seen(blank: Page) -> None:
    witness = Witness(blank, "127.0.0.1:5000")  # on a page that no policy holds back
    blank.evaluate(f"() => {{ new Image().src = '{ELSEWHERE}'; }}")
    eventually(lambda: seen(blank, witness, f"a request left for {ELSEWHERE}"), "the request")


def seen(page: Page, witness: Witness, finding: str) -> bool:
    page.wait_for_timeout(0)  # takes in what the browser tells
    return any(re.search(finding, text) for text in witness.findings)
