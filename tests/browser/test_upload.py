"""Images that are given to the page."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect

from common.face_model import LABELS
from tests.browser.accessibility import check_accessible
from tests.browser.pixels import seen
from tests.browser.witness import Witness
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

DROP = """([name, encoded]) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  const drop = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
  document.body.dispatchEvent(drop);
}"""


@pytest.fixture(scope="module")
def idle(browser: Browser) -> Iterator[Pipeline]:
    """A pipeline without a camera."""
    with Pipeline("broker", "detector", "classifier", "publisher") as pipeline:
        eventually(lambda: pipeline.peers("classifier"), lambda: pipeline.log)
        eventually(lambda: pipeline.peers("detector"), lambda: pipeline.log)
        yield pipeline


@pytest.fixture
def pipeline(idle: Pipeline) -> Pipeline:
    return idle


def check_analysed(page: Page, photograph: Path) -> None:
    """Its faces are marked on it and listed with all their probabilities."""
    entry = page.locator(".analysed").first
    expect(entry.locator("h3").first).to_have_text(photograph.name)
    expect(entry.locator("p").first).to_have_text(re.compile(r"^(1 face|\d+ faces)$"))
    expect(entry.locator("canvas")).to_be_visible()
    picture = cv2.imread(str(photograph), cv2.IMREAD_COLOR)
    assert picture is not None
    canvas = seen(page, ".analysed canvas")
    assert canvas.shape == (512, 512, 4)
    assert cv2.absdiff(canvas[..., :3], picture).mean() < 3, "the photograph as it is"
    faces = entry.locator(".analysed-faces .face")
    assert faces.count() >= 1
    expect(entry.locator(".mark")).to_have_count(faces.count())
    expect(faces.first.locator("h4")).to_have_text(re.compile(r"^1 \w+ \d+ %$"))
    assert faces.first.locator(".name").all_inner_texts() == list(LABELS)


def test_a_photograph_that_is_chosen_is_analysed(
    page: Page, photograph: Path, witness: Witness
) -> None:
    expect(page.locator("#waiting")).to_have_text("Waiting for a camera")
    page.set_input_files("#images", photograph)
    check_analysed(page, photograph)
    assert len(witness.asked("/api/analyze")) == 1
    page.click("#close-analysis")
    expect(page.locator("#analysis")).to_be_hidden()


def test_a_photograph_that_is_dropped_is_analysed(page: Page, photograph: Path) -> None:
    expect(page.locator("#waiting")).to_have_text("Waiting for a camera")
    encoded = base64.b64encode(photograph.read_bytes()).decode()
    page.evaluate(DROP, [photograph.name, encoded])
    check_analysed(page, photograph)


def test_what_is_no_picture_is_refused_in_words_and_harms_nothing(
    page: Page, photograph: Path, tmp_path: Path, witness: Witness
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    with witness.forgiving(re.compile("status of 400")):
        page.set_input_files("#images", [text, photograph])
        refused = page.locator(".analysed", has_text="notes.txt")
        expect(refused.locator("p.bad")).to_contain_text("notes.txt")
        expect(refused.locator("p.bad")).to_contain_text("JPEG")
        expect(page.locator(".analysed canvas")).to_have_count(1)
    check_accessible(page)
    words = page.locator(".analysed", has_text="astronaut.jpg").locator("p").first
    expect(words).to_contain_text("face")
