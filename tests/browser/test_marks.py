"""Boxes and labels, which the page draws over the clean picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import check_accessible
from tests.browser.pixels import seen, wait_moving
from tests.browser.show import LEVEL, Faces, Show, counting, crowd, show
from tests.browser.witness import Witness
from tests.publisher.material import camera_status
from tests.support.waiting import eventually

PICTURES = 60
NOBODY_KNOWS = (1 / 7,) * 7
"""Probabilities of a face that is uncertain."""
PAIRS = """(wanted) => new Promise((done) => {
  const pairs = [];
  const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const look = () => {
    const canvas = document.querySelector(".tile canvas");
    const box = document.querySelector(".mark .outline");
    if (canvas?.width && box) {
      copy.drawImage(canvas, 0, 0);
      const pixel = copy.getImageData(1, 1, 1, 1).data[0];
      const pair = [pixel, Number(box.getAttribute("x"))];
      if (pair[0] !== pairs.at(-1)?.[0]) pairs.push(pair);
    }
    if (pairs.length < wanted) requestAnimationFrame(look);
    else done(pairs);
  };
  look();
})"""
"""What is in the picture and where the box is, at the same moments."""
PLACES = """() => [...document.querySelectorAll(".tile")].map((tile) => {
  const canvas = tile.querySelector("canvas");
  const rect = canvas.getBoundingClientRect();
  const scale = Math.min(rect.width / canvas.width, rect.height / canvas.height);
  const left = rect.left + (rect.width - scale * canvas.width) / 2;
  const top = rect.top + (rect.height - scale * canvas.height) / 2;
  const outline = tile.querySelector(".outline");
  const shown = outline.getBoundingClientRect();
  const at = (name) => Number(outline.getAttribute(name));
  return Math.max(
    Math.abs(shown.left - (left + scale * at("x"))), Math.abs(shown.top - (top + scale * at("y"))),
    Math.abs(shown.width - scale * at("width")), Math.abs(shown.height - scale * at("height")));
})"""
"""How far each box is from where it belongs, in pixels of the screen."""
COUNTS = """() => [document.querySelectorAll(".mark").length,
  Number(document.getElementById("face-count").textContent || 0)]"""
SHARP_PX = 1.0


@pytest.fixture
def shown() -> Iterator[Show]:
    with show(counting) as made:
        yield made


@pytest.fixture
def witness(blank: Page, shown: Show) -> Iterator[Witness]:
    made = Witness(blank, shown.url.removeprefix("http://"))
    yield made
    made.settle()
    assert made.findings == []


@pytest.fixture
def page(blank: Page, witness: Witness, shown: Show) -> Page:
    blank.goto(shown.url)
    expect(blank.locator(".mark")).to_have_count(1)
    return blank


def mark(page: Page) -> str:
    """Return what the first label says."""
    return page.locator(".mark .text").first.text_content() or ""


def test_a_box_is_never_that_of_another_picture(page: Page) -> None:
    pairs = page.evaluate(PAIRS, PICTURES)
    assert len({shade for shade, _ in pairs}) > PICTURES // 4
    shifts = [(x - 10) - round(shade / LEVEL) for shade, x in pairs]
    assert shifts == [0] * PICTURES


def test_the_box_carries_the_number_of_its_card(page: Page) -> None:
    expect(page.locator("#faces .number")).to_have_text("1")
    eventually(lambda: mark(page).startswith("1 happy"), lambda: mark(page))


def test_a_label_fits_its_bar_and_can_be_read(page: Page) -> None:
    text, bar = (page.locator(f".mark .{part}").bounding_box() for part in ("text", "bar"))
    assert text is not None
    assert bar is not None
    assert 0.7 * bar["width"] < text["width"] < bar["width"]
    assert 12 <= text["height"] <= bar["height"]


def test_boxes_go_and_come_at_once_without_another_stream(page: Page, witness: Witness) -> None:
    wait_moving(page)
    (asked,) = witness.asked("/video_feed")
    assert "boxes=0" in asked
    visible = "() => getComputedStyle(document.querySelector('.mark')).display !== 'none'"
    for wanted in (False, True):
        page.keyboard.press("b")
        assert page.evaluate(visible) is wanted
    wait_moving(page)
    assert witness.asked("/video_feed") == [asked]


@pytest.mark.parametrize("zoom", [1, 2])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844), (2560, 700)])
def test_boxes_lie_where_faces_are(page: Page, size: tuple[int, int], zoom: int) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("(zoom) => { document.documentElement.style.zoom = zoom; }", zoom)
    eventually(lambda: max(page.evaluate(PLACES)) < SHARP_PX * zoom, "the box in its place")


def test_so_do_they_on_the_full_screen(page: Page) -> None:
    page.set_viewport_size({"width": 1600, "height": 700})
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement?.id === 'stage'")
    eventually(lambda: max(page.evaluate(PLACES)) < SHARP_PX, "the box in its place")


def test_every_camera_has_its_own_boxes(blank: Page) -> None:
    with show(counting, [camera_status("left"), camera_status("right")]) as both:
        blank.goto(f"{both.url}/#/all")
        expect(blank.locator(".mark")).to_have_count(2)
        eventually(lambda: max(blank.evaluate(PLACES)) < SHARP_PX, "the boxes in their places")
        blank.locator("#faces .face", has_text="right").hover()
        expect(blank.locator('.tile[data-camera="right"] .mark.pointed')).to_have_count(1)
        expect(blank.locator(".mark.pointed")).to_have_count(1)


def test_a_card_says_whose_face_it_is_also_where_another_camera_comes_later(blank: Page) -> None:
    with show(counting, [camera_status("left")]) as shown:
        blank.goto(f"{shown.url}/#/all")
        card = blank.locator("#faces .face")
        expect(card).to_have_count(1)
        expect(card.locator(".track")).to_be_empty()
        shown.cameras += (camera_status("right"),)
        for name in ("left", "right"):
            expect(card.filter(has_text=name)).to_have_count(1)


def test_so_has_each_of_more_cameras_than_there_are_streams(blank: Page) -> None:
    names = "abcdef"
    with show(counting, [camera_status(name) for name in names]) as many:
        blank.goto(f"{many.url}/#/all")
        for name in names:
            tile = blank.locator(f'.tile[data-camera="{name}"]')
            expect(tile.locator(".mark")).to_have_count(1)
            expect(tile.locator("canvas")).to_have_attribute("data-source", f"snapshot/{name}.jpg")
        eventually(lambda: max(blank.evaluate(PLACES)) < SHARP_PX, "the boxes in their places")


def test_a_card_points_at_its_box_and_the_box_at_its_card(blank: Page) -> None:
    with show(lambda _: crowd(3)) as shown:
        blank.goto(shown.url)
        expect(blank.locator(".mark")).to_have_count(3)
        card, box = (blank.locator(f'{kind}[data-face^="2 "]') for kind in (".face", ".mark"))
        card.hover()
        expect(blank.locator(".pointed")).to_have_count(2)
        expect(box).to_contain_class("pointed")
        blank.mouse.move(0, 0)
        expect(blank.locator(".pointed")).to_have_count(0)
        box.hover()
        expect(card).to_contain_class("pointed")
        blank.mouse.move(0, 0)
        first = blank.locator("#faces .face").first
        first.focus()
        expect(blank.locator('.mark[data-face^="1 "]')).to_contain_class("pointed")
        blank.keyboard.press("ArrowRight")
        expect(card).to_be_focused()
        expect(box).to_contain_class("pointed")
        check_accessible(blank)


def test_the_count_is_of_the_faces_that_are_seen(blank: Page) -> None:
    left: list[int] = []

    def faces(_: int) -> Faces:
        return crowd(2 if left else 4)

    with show(faces) as shown:
        blank.goto(shown.url)
        expect(blank.locator(".mark")).to_have_count(4)
        expect(blank.locator("#face-count")).to_have_text("4")
        left.append(1)
        expect(blank.locator(".mark")).to_have_count(2)
        assert blank.evaluate(COUNTS) == [2, 2]


def test_who_opens_the_page_late_sees_boxes_on_a_picture_that_stays(blank: Page) -> None:
    with show(counting) as shown:
        blank.goto(shown.url)
        expect(blank.locator(".mark")).to_have_count(1)
        shown.stands_still = True
        blank.reload()
        expect(blank.locator(".mark")).to_have_count(1)


def test_an_uncertain_face_is_told_from_a_neutral_one_without_colours(blank: Page) -> None:
    with show(lambda _: [(crowd(1)[0][0], NOBODY_KNOWS)]) as shown:
        blank.goto(shown.url)
        expect(blank.locator("#faces .label")).to_have_text("uncertain")
        expect(blank.locator(".outline.dashed")).to_have_count(1)
        eventually(lambda: spread(blank) > 20, "stripes in the strip")
        expect(blank.locator("#shares .striped")).to_have_count(1)


def spread(page: Page) -> float:
    """Return how much the shades differ of what is painted in the middle row of a strip."""
    strip = seen(page, "#faces .strip")
    row = strip[strip.shape[0] // 2]
    painted = row[row[:, 3] == 255][:, :3]
    return float(np.ptp(painted)) if len(painted) > 8 else 0.0
