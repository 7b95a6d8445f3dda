"""One browser for all tests here, one pipeline a module, one page a test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.witness import Witness
from tests.support.pipeline import Pipeline
from tests.support.waiting import DEADLINE_S

NAMES = ("chromium", "chromium-browser", "google-chrome")
WAIT_MS = DEADLINE_S * 1000  # only a defect takes so long, or a machine under load

expect.set_options(timeout=WAIT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The distribution's browser, without a window."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.skip(f"needs a browser: none of {', '.join(NAMES)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            chromium_sandbox=os.geteuid() != 0,  # the sandbox refuses to run as root
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def demo(browser: Browser) -> Iterator[Pipeline]:
    """A pipeline on the bundled clip."""
    with Pipeline() as pipeline:
        pipeline.wait_published(10)
        yield pipeline


@pytest.fixture(scope="session")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph of an astronaut who smiles, 512 x 512 pixels."""
    data = pytest.importorskip("skimage.data", reason="needs scikit-image's photograph")
    path = tmp_path_factory.mktemp("photograph") / "astronaut.jpg"
    cv2.imwrite(str(path), cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR))
    return path


@pytest.fixture
def pipeline(demo: Pipeline) -> Pipeline:
    """What the page shows; modules that need another one say so."""
    return demo


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    """A page that shows nothing yet, in a browser that remembers nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def witness(blank: Page, pipeline: Pipeline) -> Iterator[Witness]:
    """Fails the test that makes the page do what it must not."""
    made = Witness(blank, f"127.0.0.1:{pipeline.port}")
    yield made
    made.settle()
    assert made.findings == []


@pytest.fixture
def page(blank: Page, witness: Witness, pipeline: Pipeline) -> Page:
    """The page of the pipeline, opened."""
    blank.goto(pipeline.url)
    return blank
