"""Blur: a still picture, so that only what is drawn on it can differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pixels import Picture, difference, seen
from tests.browser.witness import Witness
from tests.support.media import DEMO
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

WHOLE = {"x": 0, "y": 0, "w": 112, "h": 112}  # of a thumbnail
MARGIN = 0.4  # of a face's size: its label stands over it, and hair is blurred too
CAMERA = "still"
FRAME, WIDTH_PX = 370, 512  # there is one face in this part of the clip's frame


@pytest.fixture(scope="module")
def still(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A pipeline whose camera shows a part of one picture of the bundled clip."""
    path = tmp_path_factory.mktemp("still") / "picture.png"
    reader = cv2.VideoCapture(str(DEMO))
    reader.set(cv2.CAP_PROP_POS_FRAMES, FRAME)
    read, bgr = reader.read()
    reader.release()
    assert read
    cv2.imwrite(str(path), bgr[:, :WIDTH_PX])
    with Pipeline(CAPTURE_SOURCE=path, CAPTURE_CAMERA=CAMERA) as pipeline:
        pipeline.wait_published(1, CAMERA)
        yield pipeline


@pytest.fixture
def pipeline(still: Pipeline) -> Pipeline:
    return still


def box_of(pipeline: Pipeline) -> dict[str, int]:
    def faces() -> list[dict[str, Any]]:
        newest = pipeline.camera(CAMERA).get("newest") or {}
        return [face for face in newest.get("faces", []) if face["shown"] and face["label"]]

    (face,) = eventually(faces, "one labelled face")
    return dict(face["box"])


def steady(page: Page) -> Picture:
    """Wait until the picture without boxes, which nothing in it moves, stays, and return it."""
    kept = [seen(page)]

    def stays() -> bool:
        kept.append(seen(page))
        return len(kept) > 8 and all(difference(kept[-1], one) < 0.2 for one in kept[-8:])

    eventually(stays, "a picture that stays")
    return kept[-1]


def choose(page: Page, witness: Witness, name: str, **wanted: str) -> None:
    """Press a button, and wait for the stream that is then asked for."""
    before = len(witness.asked("/video_feed"))
    page.click(f"#{name}")

    def others() -> list[str]:
        page.wait_for_timeout(0)  # takes in what the browser tells
        return witness.asked("/video_feed")[before:]

    asked = eventually(others, "another stream")
    parameters = parse_qs(urlsplit(asked[-1]).query)
    assert {key: parameters[key] for key in wanted} == {k: [v] for k, v in wanted.items()}


def sharpness(picture: Picture, box: dict[str, int]) -> float:
    x, y, w, h = box["x"], box["y"], box["w"], box["h"]
    inside = picture[y + h // 5 : y + h - h // 5, x + w // 5 : x + w - w // 5, :3]
    gray = cv2.cvtColor(inside, cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(gray, cv2.CV_64F).var())


def changes(one: Picture, other: Picture, box: dict[str, int]) -> tuple[int, int]:
    """Count the pixels that differ, at the face and elsewhere."""
    differ = cv2.absdiff(one, other).max(axis=2) > 50
    x, y = round(box["x"] - MARGIN * box["w"]), round(box["y"] - MARGIN * box["h"])
    size = round(box["h"] * (1 + 2 * MARGIN)), round(box["w"] * (1 + 2 * MARGIN))
    face = differ[max(0, y) : y + size[0], max(0, x) : x + size[1]]
    return int(face.sum()), int(differ.sum() - face.sum())


def test_blur_changes_the_stream_and_what_is_seen_under_the_box(
    page: Page, pipeline: Pipeline, witness: Witness
) -> None:
    box = box_of(pipeline)
    expect(page.locator("#faces .face")).to_have_count(1)
    plain = steady(page)
    choose(page, witness, "blur", boxes="0", blur="1")
    eventually(lambda: sharpness(seen(page), box) < sharpness(plain, box) / 4, "a blurred face")
    assert changes(plain, seen(page), box)[1] == 0
    expect(page.locator(".mark")).to_have_count(1)

    page.click("#boxes")
    page.reload()
    eventually(lambda: sharpness(seen(page), box) < sharpness(plain, box) / 4, "it to be kept")
    assert page.locator("#boxes").get_attribute("aria-pressed") == "false"


def test_the_face_on_the_card_and_the_snapshot_are_blurred_too(
    page: Page, pipeline: Pipeline, witness: Witness, tmp_path: Path
) -> None:
    box = box_of(pipeline)
    expect(page.locator("#faces .face")).to_have_count(1)
    page.click("#boxes")
    sharp = sharpness(steady(page), box)
    eventually(lambda: sharpness(seen(page, ".thumbnail"), WHOLE), "a thumbnail")
    sharp_card = sharpness(seen(page, ".thumbnail"), WHOLE)
    choose(page, witness, "blur", boxes="0", blur="1")
    eventually(lambda: sharpness(seen(page, ".thumbnail"), WHOLE) < sharp_card / 4, "a blurred one")
    with page.expect_download() as coming:
        page.click("#snapshot")
    coming.value.save_as(tmp_path / "blurred.jpg")
    snapshot = cv2.imread(str(tmp_path / "blurred.jpg"))
    assert snapshot is not None
    assert sharpness(np.asarray(snapshot, np.uint8), box) < sharp / 4
