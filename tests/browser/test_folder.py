"""The page in a folder of an address that others share, as a gateway has it for each cell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pixels import wait_moving
from tests.browser.test_login import REFUSED
from tests.browser.witness import Witness
from tests.support.folder_proxy import FolderProxy
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

LOOK = "look-look-look-look"


@pytest.fixture(scope="module")
def cells(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FolderProxy]:
    """Two pipelines with one file of tokens, behind one address."""
    tokens = tmp_path_factory.mktemp("tokens") / "tokens"
    tokens.write_text(f"viewer {LOOK}\nsessions of-all-cells-alike\n")
    tokens.chmod(0o600)
    with Pipeline(PUBLISHER_TOKEN_FILE=tokens) as first:
        # A session is named after the port, which is that of all cells.
        address = {"PUBLISHER_HOST": "127.0.0.2", "PUBLISHER_PORT": str(first.port)}
        with Pipeline("broker", "publisher", **address, PUBLISHER_TOKEN_FILE=tokens) as second:
            eventually(lambda: "watch at" in second.log, lambda: second.log)
            eventually(lambda: "watch at" in first.log, lambda: first.log)
            proxy = FolderProxy([f"127.0.0.{number}:{first.port}" for number in (1, 2)])
            yield proxy
            proxy.close()


@pytest.fixture
def witness(blank: Page, cells: FolderProxy) -> Iterator[Witness]:
    made = Witness(blank, cells.host)
    yield made
    made.settle()
    assert made.findings == []


def test_the_page_finds_everything_and_who_is_signed_in_is_so_everywhere(
    blank: Page, cells: FolderProxy, witness: Witness
) -> None:
    with witness.forgiving(REFUSED):
        blank.goto(f"{cells.url(0)}/")
        expect(blank).to_have_url(f"{cells.url(0)}/login")
    blank.get_by_label("Token").fill(LOOK)
    blank.keyboard.press("Enter")
    expect(blank).to_have_url(f"{cells.url(0)}/")
    expect(blank.locator("#state-text")).to_have_text("live")
    wait_moving(blank)
    blank.goto(f"{cells.url(1)}/")
    expect(blank).to_have_url(f"{cells.url(1)}/")
    expect(blank.locator("#tools")).to_be_visible()
