"""What is written on the colours can be read."""

from __future__ import annotations

import pytest

from publisher.drawing.palette import COLOURS, Colour, bgr_of, text_on

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@pytest.mark.parametrize("label", COLOURS)
def test_text_has_the_contrast_that_small_letters_need(label: str) -> None:
    on = bgr_of(label)
    assert contrast(text_on(on), on) >= 4.5


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast((0x77, 0x77, 0x77), WHITE) == pytest.approx(4.48, abs=0.01)


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours as WCAG 2.2 has it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Colour) -> float:
    shares = [channel / 255 for channel in colour]
    blue, green, red = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
