"""What is really seen: the pixels of a picture or a canvas in the page."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import numpy.typing as npt
from playwright.sync_api import Page

from tests.support.waiting import eventually

Picture = npt.NDArray[np.uint8]

STREAM = ".tile canvas"
MOVED = 0.5
"""Mean difference of two pictures, of 255, from which they are different moments of the clip."""
COPY = """(selector) => {
  const shown = document.querySelector(selector);
  if (!shown) return null;
  const isImage = shown instanceof HTMLImageElement;
  const width = isImage ? shown.naturalWidth : shown.width;  // 0 until something is loaded
  const height = isImage ? shown.naturalHeight : shown.height;
  if (!width || !height) return null;
  const copy = document.createElement("canvas");
  copy.width = width;
  copy.height = height;
  copy.getContext("2d").drawImage(shown, 0, 0);
  return copy.toDataURL("image/png").split(",")[1];
}"""


def pixels(page: Page, selector: str = STREAM) -> Picture | None:
    """Return the (height, width, 4) uint8 BGRA pixels of an ``img`` or ``canvas`` as it is now."""
    encoded = page.evaluate(COPY, selector)
    if encoded is None:
        return None
    png = np.frombuffer(base64.b64decode(encoded), np.uint8)
    decoded = cv2.imdecode(png, cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    return np.asarray(
        decoded if decoded.shape[2] == 4 else cv2.cvtColor(decoded, cv2.COLOR_BGR2BGRA), np.uint8
    )


def difference(one: Picture, other: Picture) -> float:
    """Return the mean difference of two pictures, of 255; the largest where their sizes differ."""
    if one.shape != other.shape:
        return 255.0
    return float(cv2.absdiff(one, other).mean())


def seen(page: Page, selector: str = STREAM) -> Picture:
    """Wait until there is a picture and return it."""
    (found,) = eventually(
        lambda: [shown for shown in [pixels(page, selector)] if shown is not None],
        f"pixels of {selector}",
    )
    return found


def wait_moving(page: Page, selector: str = STREAM) -> None:
    """Wait until the picture is another one than now."""
    before = seen(page, selector)
    eventually(
        lambda: difference(before, seen(page, selector)) > MOVED, f"{selector} to show another one"
    )


def is_coloured(shown: Picture) -> bool:
    """Return whether there is anything painted on a canvas whose background shows through."""
    return bool((shown[..., 3] > 0).any())
