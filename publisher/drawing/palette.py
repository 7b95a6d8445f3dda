"""One colour an expression, told apart by colour-blind people too.

The colours are those of Okabe and Ito, "Color Universal Design" (2008), and a grey. What is
uncertain is grey as neutral is, so its boxes are dashed and its bars are striped.
"""

from __future__ import annotations

from publisher.faces import TURNED_AWAY
from publisher.tracking.smoothing import UNCERTAIN

COLOURS = {
    "angry": "#D55E00",
    "disgust": "#009E73",
    "fear": "#CC79A7",
    "happy": "#F0E442",
    "sad": "#0072B2",
    "surprise": "#56B4E9",
    "neutral": "#BFBFBF",
}
UNKNOWN = "#8A8F98"
"""The colour of a face that has no label yet, or an uncertain one."""
NOT_JUDGED = "#565D6B"
"""The colour of a face that is turned away."""

Colour = tuple[int, int, int]
"""Blue, green, red, each 0 to 255."""

EVEN_LUMINANCE = 0.179
"""Black and white contrast alike with what has this relative luminance."""


def colour_of(label: str | None) -> str:
    """Return the colour of a label; a grey where it names no expression or there is none."""
    if label == TURNED_AWAY:
        return NOT_JUDGED
    return COLOURS.get(label, UNKNOWN) if label is not None else UNKNOWN


def is_dashed(label: str | None) -> bool:
    """Return whether the box of a face with this label is dashed."""
    return label == UNCERTAIN


def bgr_of(label: str | None) -> Colour:
    """Return the colour of a label as blue, green, red of 0 to 255."""
    colour = colour_of(label)
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return blue, green, red


def text_on(background: Colour) -> Colour:
    """Return black or white, whichever contrasts more with ``background`` (WCAG 2.2)."""
    blue, green, red = map(_linear, background)
    is_light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > EVEN_LUMINANCE
    return (0, 0, 0) if is_light else (255, 255, 255)


def _linear(channel: int) -> float:
    """Return how much light a value of sRGB stands for, 0 to 1."""
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
