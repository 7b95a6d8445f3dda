"""Faces of nobody, drawn with the expression that is asked for.

Their features were set by hand, by trying which of them the bundled model reads as meant. Lengths
are those of ``tools.demo_clip.sheet``.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from tools.demo_clip.sheet import Colour, Points, Sheet, curve, ellipse, stroke

WHITE, PUPIL, IRIS = (234.0, 236.0, 238.0), (14.0, 14.0, 16.0), (70.0, 72.0, 84.0)
LINE, MOUTH_INSIDE = (32.0, 30.0, 46.0), (34.0, 26.0, 58.0)
EYE_X, EYE_Y, EYE_WIDTH = 0.208, -0.085, 0.19
MOUTH_Y = 0.335
SIDES = (-1, 1)
_FRINGE = """
-0.52,-0.02 -0.50,-0.35 -0.35,-0.66 0.00,-0.74 0.35,-0.66 0.50,-0.35 0.52,-0.02
0.46,-0.12 0.40,-0.34 0.10,-0.44 -0.22,-0.38 -0.40,-0.30 -0.46,-0.12
"""
FRINGE = np.array([[float(part) for part in point.split(",")] for point in _FRINGE.split()])


@dataclass(frozen=True, slots=True)
class Looks:
    """Who a drawn face is: its colours, and whether its hair is long."""

    skin: Colour
    hair: Colour
    lips: Colour
    shirt: Colour
    backdrop: Colour
    long_hair: bool


@dataclass(frozen=True, slots=True)
class Features:
    """What a face does.

    Attributes:
        brow_inner_y: How far the inner end of each brow is lowered.
        brow_inner_x: How far it is moved outwards.
        brow_outer_y: How far the outer end is lowered.
        brow_arch: How far the middle rises over both.
        upper_lid: Height of the upper lid over the corners of the eye.
        lower_lid: Depth of the lower one below them.
        furrow: Strength of the lines between the brows, 0 to 1.
        fold: Strength of the lines from the nose to the mouth, 0 to 1.
        mouth_width: Half of the mouth's width.
        corner_y: How far the corners of the mouth are lowered.
        mouth_open: How far the lips are apart.
        lip_y: How far the upper lip is lowered.
        teeth: How white the upper teeth are, 0 to 1.
    """

    brow_inner_y: float = 0.0
    brow_inner_x: float = 0.0
    brow_outer_y: float = 0.0
    brow_arch: float = 0.02
    upper_lid: float = 0.042
    lower_lid: float = 0.032
    furrow: float = 0.1
    fold: float = 0.25
    mouth_width: float = 0.18
    corner_y: float = 0.0
    mouth_open: float = 0.0
    lip_y: float = 0.0
    teeth: float = 0.0


EXPRESSIONS = {
    "angry": Features(
        brow_inner_y=0.06,
        brow_inner_x=-0.017,
        brow_outer_y=-0.07,
        brow_arch=-0.02,
        upper_lid=0.055,
        furrow=0.85,
        fold=0.05,
        mouth_width=0.14,
        corner_y=0.03,
        lip_y=-0.02,
    ),
    "disgust": Features(
        brow_inner_y=0.06,
        brow_outer_y=0.02,
        brow_arch=0.04,
        upper_lid=0.018,
        lower_lid=0.02,
        furrow=1.0,
        fold=1.0,
        mouth_width=0.15,
        corner_y=0.08,
        mouth_open=0.12,
        lip_y=-0.01,
        teeth=0.1,
    ),
    "fear": Features(
        brow_inner_y=-0.07,
        brow_arch=-0.01,
        upper_lid=0.067,
        lower_lid=0.047,
        furrow=0.25,
        fold=0.6,
        mouth_width=0.21,
        corner_y=0.01,
        mouth_open=0.13,
        lip_y=0.01,
        teeth=0.55,
    ),
    "happy": Features(
        brow_inner_y=-0.04,
        brow_outer_y=-0.02,
        upper_lid=0.028,
        lower_lid=0.024,
        fold=0.9,
        mouth_width=0.21,
        corner_y=-0.07,
        mouth_open=0.1,
        lip_y=0.01,
        teeth=1.0,
    ),
    "sad": Features(
        brow_inner_y=-0.085,
        brow_inner_x=0.02,
        brow_arch=0.0,
        upper_lid=0.016,
        lower_lid=0.026,
        furrow=0.0,
        fold=0.8,
        mouth_width=0.157,
        corner_y=0.03,
        lip_y=-0.02,
    ),
    "surprise": Features(
        brow_inner_y=-0.08,
        brow_outer_y=-0.06,
        upper_lid=0.07,
        lower_lid=0.045,
        mouth_width=0.12,
        corner_y=0.02,
        mouth_open=0.18,
    ),
    "neutral": Features(
        brow_inner_y=0.03,
        brow_outer_y=-0.03,
        upper_lid=0.028,
        fold=0.05,
        mouth_width=0.22,
        corner_y=0.01,
    ),
}


def blend(first: Features, second: Features, share: float) -> Features:
    """Return what is ``share`` of the way from one face to another."""
    pairs = zip(astuple(first), astuple(second), strict=True)
    return Features(*((1 - share) * one + share * other for one, other in pairs))


def draw_face(looks: Looks, features: Features, face_px: float, size_px: tuple[int, int]) -> Sheet:
    """Return a sheet of that size with a face in its middle, ``face_px`` wide from ear to ear."""
    sheet = Sheet(size_px, face_px, looks.backdrop)
    _draw_body(sheet, looks)
    _draw_head(sheet, looks, features.mouth_open)
    _draw_nose(sheet, looks.skin)
    for side in SIDES:
        _draw_lines(sheet, side, features)
        _draw_eye(sheet, side, features)
        _draw_brow(sheet, side, features, looks.hair)
    _draw_mouth(sheet, features, looks.lips)
    return sheet


def _times(colour: Colour, light: float) -> Colour:
    blue, green, red = (min(255.0, part * light) for part in colour)
    return blue, green, red


def _lower(line: Points, by: float) -> Points:
    return np.asarray(line + np.array([0, by]), np.float64)


def _draw_body(sheet: Sheet, looks: Looks) -> None:
    long, short = ellipse(0, -0.05, 0.6, 0.8, 2.4), ellipse(0, -0.22, 0.54, 0.56, 2.3)
    back = sheet.shape(long if looks.long_hair else short, 0.01)
    sheet.paint(back, _times(looks.hair, 0.8))
    sheet.paint(sheet.shape(ellipse(0, 1.25, 0.95, 0.52, 2.6), 0.01), looks.shirt)
    neck = np.array([(-0.22, 0.4), (0.22, 0.4), (0.27, 0.85), (0, 1.0), (-0.27, 0.85)])
    sheet.paint(sheet.shape(neck, 0.02), _times(looks.skin, 0.8))
    for side in SIDES:
        ear = sheet.shape(ellipse(side * 0.485, 0, 0.07, 0.13), 0.008)
        sheet.paint(ear, _times(looks.skin, 0.85))


def _draw_head(sheet: Sheet, looks: Looks, mouth_open: float) -> None:
    """Draw the head, darker towards its edge, the jaw lower where the mouth is open."""
    head = ellipse(0, 0, 0.48, 0.62, 2.25)
    down = np.clip(head[:, 1] / 0.62, 0, 1)
    head[:, 0] *= 1 - 0.22 * down**1.6
    head[:, 1] *= np.where(down > 0, 1 + max(0.0, mouth_open - 0.04) / 2, 1)
    whole = sheet.shape(head, 0.006)
    sheet.paint(whole, looks.skin)
    middle = sheet.shape(head * (0.72, 0.8), 0.14)
    sheet.picture *= (1 - whole + whole * np.clip(0.68 + 0.4 * middle, 0, 1.06))[..., None]
    sheet.paint(sheet.shape(FRINGE, 0.012), looks.hair)
    for side in SIDES:
        sheet.shade(sheet.shape(ellipse(side * 0.205, -0.085, 0.135, 0.085), 0.045), 0.74)
        sheet.shade(sheet.shape(ellipse(side * 0.07, -0.03, 0.03, 0.1), 0.03), 0.9)
        cheek = sheet.shape(ellipse(side * 0.24, 0.13, 0.1, 0.08), 0.05)
        sheet.paint(cheek, _times(looks.skin, 1.12), 0.55)


def _draw_nose(sheet: Sheet, skin: Colour) -> None:
    sheet.paint(sheet.shape(ellipse(0, 0.02, 0.03, 0.14), 0.025), _times(skin, 1.15), 0.7)
    sheet.shade(sheet.shape(ellipse(0, 0.185, 0.1, 0.035), 0.022), 0.72)
    for side in SIDES:
        sheet.shade(sheet.shape(ellipse(side * 0.045, 0.175, 0.022, 0.012), 0.006), 0.35)
        wing = curve((side * 0.075, 0.11), (side * 0.1, 0.155), (side * 0.075, 0.185))
        sheet.shade(sheet.shape(stroke(wing, 0.02), 0.01), 0.78)


def _draw_lines(sheet: Sheet, side: int, features: Features) -> None:
    fold = curve((side * 0.1, 0.15), (side * 0.175, 0.22), (side * 0.2, 0.33))
    sheet.shade(sheet.shape(stroke(fold, 0.02, 0.03), 0.012), 1 - 0.45 * features.fold)
    furrow = curve((side * 0.03, -0.235), (side * 0.035, -0.18), (side * 0.03, -0.12))
    sheet.shade(sheet.shape(stroke(furrow, 0.018), 0.008), 1 - 0.5 * features.furrow)


def _draw_eye(sheet: Sheet, side: int, features: Features) -> None:
    x = side * EYE_X
    inner = (x - side * EYE_WIDTH / 2, EYE_Y + 0.008)
    outer = (x + side * EYE_WIDTH / 2, EYE_Y - 0.004)
    upper = curve(inner, (x, EYE_Y - features.upper_lid), outer)
    lower = curve(outer, (x, EYE_Y + features.lower_lid), inner)
    opening = sheet.shape(np.vstack([upper, lower]), 0.004)
    sheet.paint(opening, WHITE)
    for radius, colour in ((0.047, IRIS), (0.0235, PUPIL)):
        disc = sheet.shape(ellipse(x, EYE_Y - 0.004, radius, radius), 0.003)
        sheet.paint(disc * opening, colour)
    sheet.paint(sheet.shape(ellipse(x - 0.014, EYE_Y - 0.02, 0.01, 0.01), 0.003) * opening, WHITE)
    sheet.shade(sheet.shape(stroke(_lower(upper, 0.01), 0.02), 0.006) * opening, 0.7)
    sheet.paint(sheet.shape(stroke(upper, 0.018, 0.024), 0.004), LINE, 0.95)
    sheet.shade(sheet.shape(stroke(lower, 0.008), 0.004), 0.6)
    sheet.shade(sheet.shape(stroke(_lower(upper, -0.03), 0.01), 0.006), 0.72)
    sheet.shade(sheet.shape(stroke(_lower(lower, 0.028), 0.012), 0.012), 0.85)


def _draw_brow(sheet: Sheet, side: int, features: Features, hair: Colour) -> None:
    inner_y, outer_y = -0.205 + features.brow_inner_y, -0.175 + features.brow_outer_y
    brow = curve(
        (side * (0.075 + features.brow_inner_x), inner_y),
        (side * 0.22, (inner_y + outer_y) / 2 - 0.012 - features.brow_arch),
        (side * 0.345, outer_y),
    )
    sheet.paint(sheet.shape(stroke(brow, 0.055, 0.026), 0.007), _times(hair, 0.8), 0.92)


def _draw_mouth(sheet: Sheet, features: Features, lips: Colour) -> None:
    top_y = MOUTH_Y - 0.35 * features.mouth_open + features.lip_y
    bottom_y = MOUTH_Y + 0.65 * features.mouth_open + 0.3 * features.lip_y
    upper, top = _lip(features, top_y - 0.04), _lip(features, top_y)
    bottom, lower = _lip(features, bottom_y), _lip(features, bottom_y + 0.055)
    sheet.paint(sheet.shape(np.vstack([upper, lower[::-1]]), 0.008), lips)
    sheet.shade(sheet.shape(np.vstack([upper, top[::-1]]), 0.008), 0.86)
    sheet.paint(sheet.shape(stroke(top, 0.012), 0.004), MOUTH_INSIDE, 0.9)
    if features.mouth_open:
        inside = sheet.shape(np.vstack([top, bottom[::-1]]), 0.004)
        sheet.paint(inside, MOUTH_INSIDE)
        edge = _lower(top, min(0.055, 0.6 * features.mouth_open))
        teeth = sheet.shape(np.vstack([top, edge[::-1]]), 0.003)
        sheet.paint(inside * teeth, WHITE, features.teeth)
    below = ellipse(0, bottom_y + 0.085, features.mouth_width * 0.6, 0.02)
    sheet.shade(sheet.shape(below, 0.015), 0.84)


def _lip(features: Features, middle_y: float) -> Points:
    """Return an edge of a lip, from corner to corner."""
    corner_y = MOUTH_Y + features.corner_y
    width = features.mouth_width
    return curve((-width, corner_y), (0, middle_y), (width, corner_y))
