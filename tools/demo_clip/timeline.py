"""Who is where in the demonstration clip, as data and as a function of time.

The timeline is a loop: a card's keyframes may run past the end of the clip, and what is past the
end is shown at the beginning. The last frame therefore joins the first, with faces in view.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from tools.demo_clip.drawn_face import EXPRESSIONS, Features, Looks, blend

WIDTH_PX, HEIGHT_PX = 640, 480
FPS = 30
DURATION_S = 24.0
CARD_WIDTH_FACES, CARD_HEIGHT_FACES = 1.9, 2.2  # a card's size, as multiples of its face's width
FACE_HEIGHT_IN_CARD = 0.46  # the face's centre, as a fraction of the card's height
CHANGE_S = 0.5  # how long a drawn face takes from one expression to the next


@dataclass(frozen=True, slots=True)
class Portrait:
    """A photograph that an installed package ships, and the face in it, in its own pixels."""

    package: str
    path: str
    face_x_px: int
    face_y_px: int
    face_px: int


@dataclass(frozen=True, slots=True)
class Grade:
    """A colour grade: how much colour to keep, then a gain for blue, green and red."""

    saturation: float
    gain_bgr: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A face's centre and width at one moment; the card passes through it without stopping."""

    seconds: float
    x_px: float
    y_px: float
    face_px: float


@dataclass(frozen=True, slots=True)
class Mood:
    """An expression of a drawn face, from a moment on."""

    seconds: float
    expression: str


@dataclass(frozen=True, slots=True)
class Card:
    """One framed portrait, a photograph or drawn, and its way through the picture."""

    portrait: Portrait | Looks
    grade: Grade
    sway_cycles: int  # whole cycles a clip, so that the sway joins as well
    keyframes: tuple[Keyframe, ...]
    mirrored: bool = False
    moods: tuple[Mood, ...] = ()  # of a drawn face; the first holds from its beginning


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a card's face is in one frame. Positive tilt is clockwise."""

    x_px: float
    y_px: float
    face_px: float
    tilt_degrees: float


# The face widths are what the eye takes for the face, ear to ear; see PROVENANCE.md for who it is.
COLLINS = Portrait("skimage", "data/astronaut.png", face_x_px=224, face_y_px=113, face_px=110)
HOPPER = Portrait(
    "matplotlib", "mpl-data/sample_data/grace_hopper.jpg", face_x_px=266, face_y_px=216, face_px=222
)

# Nobody: drawn.
ADA = Looks(
    skin=(150, 178, 220),
    hair=(40, 50, 66),
    lips=(96, 96, 176),
    shirt=(110, 70, 50),
    backdrop=(150, 140, 128),
    long_hair=True,
)
BEN = Looks(
    skin=(120, 150, 196),
    hair=(24, 26, 30),
    lips=(80, 84, 150),
    shirt=(70, 90, 60),
    backdrop=(120, 130, 140),
    long_hair=False,
)
CLEO = Looks(
    skin=(92, 124, 172),
    hair=(20, 20, 24),
    lips=(72, 72, 140),
    shirt=(60, 60, 130),
    backdrop=(150, 150, 120),
    long_hair=True,
)

NATURAL = Grade(saturation=1.0, gain_bgr=(1.0, 1.0, 1.0))
MONOCHROME = Grade(saturation=0.0, gain_bgr=(1.0, 1.0, 1.0))
SEPIA = Grade(saturation=0.1, gain_bgr=(0.78, 0.95, 1.06))

CARDS = (
    Card(  # in from the left across the join of the loop, later behind the close-up
        COLLINS,
        NATURAL,
        sway_cycles=5,
        keyframes=(
            Keyframe(22.0, -130, 300, 92),
            Keyframe(25.5, 150, 275, 104),
            Keyframe(28.5, 225, 255, 128),
            Keyframe(31.5, 205, 245, 132),
            Keyframe(34.5, 390, 235, 112),
            Keyframe(38.0, 800, 215, 96),
        ),
    ),
    Card(  # in from the right, the close-up, out to the left
        HOPPER,
        NATURAL,
        sway_cycles=4,
        keyframes=(
            Keyframe(2.0, 800, 255, 100),
            Keyframe(5.5, 470, 250, 118),
            Keyframe(8.5, 430, 245, 150),
            Keyframe(11.5, 335, 232, 205),
            Keyframe(13.0, 275, 232, 205),
            Keyframe(17.5, -260, 270, 170),
        ),
    ),
    Card(  # far away, right to left along the top
        COLLINS,
        MONOCHROME,
        mirrored=True,
        sway_cycles=7,
        keyframes=(
            Keyframe(0.0, 700, 105, 46),
            Keyframe(5.0, 420, 85, 48),
            Keyframe(9.0, 210, 100, 52),
            Keyframe(13.5, -70, 120, 54),
        ),
    ),
    Card(  # far away, left to right along the top, across the join of the loop
        HOPPER,
        SEPIA,
        mirrored=True,
        sway_cycles=6,
        keyframes=(
            Keyframe(13.0, -70, 95, 48),
            Keyframe(17.5, 180, 90, 56),
            Keyframe(21.5, 350, 105, 60),
            Keyframe(27.5, 720, 120, 52),
        ),
    ),
    Card(  # in from the right behind the close-up, comes near, out to the right
        ADA,
        NATURAL,
        sway_cycles=5,
        keyframes=(
            Keyframe(11.5, 790, 255, 90),
            Keyframe(15.0, 500, 250, 112),
            Keyframe(18.0, 395, 245, 158),
            Keyframe(20.0, 435, 245, 158),
            Keyframe(24.0, 860, 280, 120),
        ),
        moods=(Mood(11.5, "angry"), Mood(16.0, "surprise"), Mood(19.5, "happy")),
    ),
    Card(  # in from the left, passes behind the near one, turns back
        BEN,
        NATURAL,
        sway_cycles=6,
        keyframes=(
            Keyframe(14.5, -130, 320, 84),
            Keyframe(17.5, 130, 310, 92),
            Keyframe(20.0, 255, 300, 98),
            Keyframe(22.5, 330, 290, 100),
            Keyframe(25.5, 440, 300, 92),
            Keyframe(29.5, 790, 340, 82),
        ),
        moods=(Mood(14.5, "sad"), Mood(19.5, "fear"), Mood(24.0, "disgust")),
    ),
    Card(  # a mid-distance passer-by along the bottom while the others are at the edges
        CLEO,
        NATURAL,
        sway_cycles=8,
        keyframes=(
            Keyframe(3.5, 720, 400, 60),
            Keyframe(8.0, 560, 390, 66),
            Keyframe(11.0, 110, 385, 68),
            Keyframe(14.5, -110, 380, 64),
        ),
        moods=(Mood(3.5, "surprise"), Mood(8.8, "angry")),
    ),
)


def interpolate(keyframes: tuple[Keyframe, ...], seconds: float) -> tuple[float, float, float]:
    """Return x, y and face width on a smooth path through the keyframes.

    A cubic Hermite spline with the tangents of Catmull and Rom for unequal intervals (1974, "A
    class of local interpolating splines"): the speed has no jumps where segments meet.

    Raises:
        ValueError: ``seconds`` is outside the keyframes.
    """
    times = np.array([keyframe.seconds for keyframe in keyframes])
    points = np.array([(key.x_px, key.y_px, key.face_px) for key in keyframes])
    if not times[0] <= seconds <= times[-1]:
        raise ValueError(f"expected {times[0]} to {times[-1]} seconds, got {seconds}")
    # Each tangent is the slope between the neighbours; at either end, to the only one.
    around = np.pad(points, ((1, 1), (0, 0)), "edge")
    moments = np.pad(times, 1, "edge")
    tangents = (around[2:] - around[:-2]) / (moments[2:] - moments[:-2])[:, None]
    x_px, y_px, face_px = CubicHermiteSpline(times, points, tangents)(seconds)
    return float(x_px), float(y_px), float(face_px)


def moment_of(card: Card, seconds: float) -> float | None:
    """Return where a card is on its way, in its own seconds, or None while it is away."""
    seconds %= DURATION_S  # what is past the clip's end is shown at its beginning
    first, last = card.keyframes[0].seconds, card.keyframes[-1].seconds
    moments = (seconds, seconds + DURATION_S)
    return next((moment for moment in moments if first <= moment <= last), None)


def pose_at(card: Card, seconds: float) -> Pose | None:
    """Return where a card is, or None while it is away."""
    moment = moment_of(card, seconds)
    if moment is None:
        return None
    x_px, y_px, face_px = interpolate(card.keyframes, moment)
    sway = np.sin(2 * np.pi * card.sway_cycles * seconds / DURATION_S)
    bob = np.cos(4 * np.pi * card.sway_cycles * seconds / DURATION_S)
    return Pose(x_px, y_px + 0.02 * face_px * float(bob), face_px, 2.5 * float(sway))


def features_at(card: Card, seconds: float) -> Features | None:
    """Return what a drawn face does, or None where it is away or a photograph."""
    moment = moment_of(card, seconds)
    if moment is None or not card.moods:
        return None
    features = EXPRESSIONS[card.moods[0].expression]
    for mood in card.moods[1:]:
        share = float(np.clip((moment - mood.seconds) / CHANGE_S, 0, 1))
        features = blend(features, EXPRESSIONS[mood.expression], share**2 * (3 - 2 * share))
    return features


def poses_at(seconds: float) -> list[tuple[Card, Pose]]:
    """Return the cards that are on their way with their poses, farthest first."""
    poses = [(card, pose) for card in CARDS if (pose := pose_at(card, seconds)) is not None]
    return sorted(poses, key=lambda item: item[1].face_px)
