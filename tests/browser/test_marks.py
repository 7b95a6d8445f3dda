"""Boxes and labels, which the page draws over the clean picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Download, Page, Route, expect

from tests.browser.accessibility import check_accessible
from tests.browser.pixels import pixels, seen, wait_moving
from tests.browser.scene import LEVEL, NOBODY_KNOWS, Faces, Scene, counting, crowd, scene
from tests.browser.witness import Witness
from tests.support.waiting import eventually

PICTURES = 60
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
def shown() -> Iterator[Scene]:
    with scene(counting) as made:
        yield made


@pytest.fixture
def witness(blank: Page, shown: Scene) -> Iterator[Witness]:
    made = Witness(blank, shown.url.removeprefix("http://"))
    yield made
    made.settle()
    assert made.findings == []


@pytest.fixture
def page(blank: Page, witness: Witness, shown: Scene) -> Page:
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
    with scene(counting, ("left", "right")) as both:
        blank.goto(f"{both.url}/#/all")
        expect(blank.locator(".mark")).to_have_count(2)
        eventually(lambda: max(blank.evaluate(PLACES)) < SHARP_PX, "the boxes in their places")
        blank.locator("#faces .face", has_text="right").hover()
        expect(blank.locator('.tile[data-camera="right"] .mark.pointed')).to_have_count(1)
        expect(blank.locator(".mark.pointed")).to_have_count(1)


def test_so_has_each_of_more_cameras_than_there_are_streams(blank: Page) -> None:
    names = "abcdef"
    with scene(counting, tuple(names)) as many:
        blank.goto(f"{many.url}/#/all")
        for name in names:
            tile = blank.locator(f'.tile[data-camera="{name}"]')
            expect(tile.locator(".mark")).to_have_count(1)
            expect(tile.locator("canvas")).to_have_attribute("data-source", f"snapshot/{name}.jpg")
        eventually(lambda: max(blank.evaluate(PLACES)) < SHARP_PX, "the boxes in their places")


def test_a_card_points_at_its_box_and_the_box_at_its_card(blank: Page) -> None:
    with scene(lambda _: crowd(3)) as shown:
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


def test_a_frozen_picture_keeps_its_boxes_and_so_does_what_is_saved(
    page: Page, tmp_path: Path
) -> None:
    page.click("#frozen")
    expect(page.locator("#state-text")).to_have_text("frozen")
    x = int(page.locator(".outline").get_attribute("x") or 0)
    clean = seen(page)[..., :3]
    saved = []
    for number, has_boxes in enumerate((True, False)):
        with page.expect_download() as coming:
            page.keyboard.press("s")
        coming.value.save_as(tmp_path / f"{number}.jpg")
        picture = cv2.imread(str(tmp_path / f"{number}.jpg"))
        assert picture is not None
        saved.append(picture)
        expect(page.locator(".mark")).to_be_visible(visible=has_boxes)
        page.keyboard.press("b")
    differ = cv2.absdiff(saved[0], np.ascontiguousarray(clean)).max(axis=2) > 50
    assert differ[40:80, x - 1 : x + 2].any(axis=1).all(), "the left side of the box"
    assert not differ[:, : x - 4].any()
    assert cv2.absdiff(saved[1], np.ascontiguousarray(clean)).max() < 10


def test_a_snapshot_waits_for_the_first_picture(blank: Page, shown: Scene) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    blank.route("**/video_feed/**", hold)
    blank.goto(shown.url)
    expect(blank.locator(".tile")).to_have_count(1)
    with blank.expect_download() as coming:
        blank.keyboard.press("s")
        held[0].continue_()
    assert coming.value.suggested_filename.startswith("cam-")


def test_nothing_sharp_stays_until_the_first_blurred_picture(page: Page) -> None:
    thumbnail = page.locator("#faces .thumbnail")
    expect(thumbnail).to_be_visible()
    held: list[Route] = []
    saved: list[Download] = []

    def hold(route: Route) -> None:
        held.append(route)

    def note(download: Download) -> None:
        saved.append(download)

    page.route(re.compile("video_feed.*blur=1"), hold)
    page.on("download", note)
    page.keyboard.press("u")
    eventually(lambda: page.wait_for_timeout(0) or held, "the blurred stream to be asked for")
    assert pixels(page) is None
    expect(thumbnail).to_be_hidden()
    page.keyboard.press("s")
    page.evaluate("() => new Promise((done) => { setTimeout(done, 300); })")
    assert not saved
    with page.expect_download():
        held[0].continue_()
    expect(thumbnail).to_be_visible()
    expect(page.locator(".mark")).to_have_count(1)


def test_the_count_is_of_the_faces_that_are_seen(blank: Page) -> None:
    left: list[int] = []

    def faces(_: int) -> Faces:
        return crowd(2 if left else 4)

    with scene(faces) as shown:
        blank.goto(shown.url)
        expect(blank.locator(".mark")).to_have_count(4)
        expect(blank.locator("#face-count")).to_have_text("4")
        left.append(1)
        expect(blank.locator(".mark")).to_have_count(2)
        assert blank.evaluate(COUNTS) == [2, 2]


def test_who_opens_the_page_late_sees_boxes_on_a_picture_that_stays(blank: Page) -> None:
    with scene(counting) as shown:
        blank.goto(shown.url)
        expect(blank.locator(".mark")).to_have_count(1)
        shown.stands_still = True
        blank.reload()
        expect(blank.locator(".mark")).to_have_count(1)


def test_an_uncertain_face_is_told_from_a_neutral_one_without_colours(blank: Page) -> None:
    with scene(lambda _: [(crowd(1)[0][0], NOBODY_KNOWS)]) as shown:
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
