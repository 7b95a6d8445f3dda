"""Images that are given to the page."""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect

from common.face_model import LABELS
from publisher.results.format import FIELDS
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
SCREENS = [(1440, 900), (390, 844), (2560, 1440)]
TOP_IN_WINDOW = """(selector) => {
  const { top } = document.querySelector(selector).getBoundingClientRect();
  return top >= 0 && top < innerHeight - 40;
}"""
NOTE_SCROLLS = """() => {
  window.scrolls = [];
  const scroll = Element.prototype.scrollIntoView;
  Element.prototype.scrollIntoView = function (how) {
    window.scrolls.push(how.behavior);
    scroll.call(this, how);
  };
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


@pytest.mark.parametrize("size", SCREENS)
def test_a_result_is_brought_into_view(page: Page, photograph: Path, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    expect(page.locator("#waiting")).to_have_text("Waiting for a camera")
    page.set_input_files("#images", photograph)
    expect(page.locator(".analysed-faces .face")).to_have_count(1)
    for part in (".analysed h3", ".analysed canvas", ".analysed-faces .face"):
        eventually(partial(page.evaluate, TOP_IN_WINDOW, part), f"{part} in the window")


def test_a_result_is_said_and_the_focus_stays(page: Page, photograph: Path) -> None:
    page.locator("#images").focus()
    page.set_input_files("#images", photograph)
    said = page.get_by_role("status").filter(has_text=photograph.name)
    expect(said).to_have_text(re.compile(r"astronaut\.jpg: 1 face\. 1: \w+ \d+ %"))
    expect(page.locator("#images")).to_be_focused()


@pytest.mark.parametrize(
    ("wish", "behaviour"), [("reduce", "instant"), ("no-preference", "smooth")]
)
def test_the_page_moves_as_people_wish(
    page: Page, photograph: Path, wish: Literal["reduce", "no-preference"], behaviour: str
) -> None:
    page.emulate_media(reduced_motion=wish)
    page.evaluate(NOTE_SCROLLS)
    page.set_input_files("#images", photograph)
    expect(page.locator(".analysed canvas")).to_be_visible()
    eventually(lambda: page.evaluate("() => window.scrolls.length") > 0, "scrolling")
    assert set(page.evaluate("() => window.scrolls")) == {behaviour}


def test_a_result_is_saved_as_json_csv_and_picture(
    page: Page, photograph: Path, tmp_path: Path
) -> None:
    page.set_input_files("#images", photograph)
    saved = {}
    for name in ("JSON", "CSV", "Picture"):
        with page.expect_download() as coming:
            page.get_by_role("button", name=name, exact=True).click()
        saved[name] = tmp_path / coming.value.suggested_filename
        coming.value.save_as(saved[name])
    assert [path.name for path in saved.values()] == [
        "astronaut.json",
        "astronaut.csv",
        "astronaut-faces.jpg",
    ]
    (face,) = json.loads(saved["JSON"].read_text())["faces"]
    with saved["CSV"].open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert set(LABELS) < row.keys() & FIELDS.keys()
    assert row["source"] == photograph.name
    assert [int(row[side]) for side in "xywh"] == [face["box"][side] for side in "xywh"]
    assert (row["label"], float(row["happy"])) == (face["label"], face["probabilities"]["happy"])
    picture, original = cv2.imread(str(saved["Picture"])), cv2.imread(str(photograph))
    assert picture is not None
    assert original is not None
    changed = cv2.absdiff(picture, original).max(axis=2) > 60
    assert 0.0005 < changed.mean() < 0.05, "the photograph, and lines on it"


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
