"""Make the demonstration clip from two public-domain portraits and drawn faces.

``python -m tools.demo_clip.make_clip`` writes capture/demo/demo.mp4 and logs its SHA-256. The
photographs are read from the packages that ship them (PROVENANCE.md); nothing is downloaded.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from tools.demo_clip.drawn_face import Features, draw_face
from tools.demo_clip.timeline import (
    CARD_HEIGHT_FACES,
    CARD_WIDTH_FACES,
    DURATION_S,
    FACE_HEIGHT_IN_CARD,
    FPS,
    HEIGHT_PX,
    WIDTH_PX,
    Card,
    Grade,
    Portrait,
    Pose,
    features_at,
    poses_at,
)

log = logging.getLogger(__name__)

FloatImage = npt.NDArray[np.float32]
ByteImage = npt.NDArray[np.uint8]

DEFAULT_OUTPUT = Path(__file__).resolve().parents[2] / "capture" / "demo" / "demo.mp4"
DEFAULT_CRF = 23  # x264 constant rate factor; 23 gives 1.5 MB and no visible blocks
SUPERSAMPLING = 2  # cards are drawn at twice the size, so that small ones do not shimmer


@dataclass(frozen=True, slots=True)
class Glow:
    """A soft light in the background; it circles its centre a whole number of times a clip."""

    bgr: tuple[float, float, float]
    x: float  # of the width
    y: float  # of the height
    radius: float  # of the width
    softness: float  # 1 fades from the centre on, near 0 is a disc with an edge
    opacity: float
    cycles: int


BACKGROUND_BGR = (88.0, 58.0, 46.0)
GLOWS = (
    Glow((150, 110, 60), 0.15, 0.25, 0.62, 1.0, 0.80, 1),
    Glow((120, 90, 170), 0.85, 0.20, 0.58, 1.0, 0.60, -1),
    Glow((110, 150, 215), 0.70, 0.95, 0.55, 1.0, 0.62, 1),
    Glow((120, 125, 50), 0.20, 0.95, 0.50, 1.0, 0.60, -2),
    Glow((170, 205, 250), 0.12, 0.62, 0.060, 0.35, 0.14, 1),
    Glow((170, 205, 250), 0.31, 0.20, 0.045, 0.30, 0.12, -1),
    Glow((235, 220, 190), 0.52, 0.58, 0.075, 0.35, 0.09, 1),
    Glow((170, 205, 250), 0.66, 0.30, 0.040, 0.30, 0.13, 2),
    Glow((235, 220, 190), 0.88, 0.50, 0.065, 0.35, 0.12, -1),
    Glow((170, 205, 250), 0.79, 0.80, 0.050, 0.30, 0.12, 1),
    Glow((235, 220, 190), 0.43, 0.88, 0.055, 0.35, 0.10, -2),
)


def read_portrait(portrait: Portrait) -> ByteImage:
    """Return a photograph as (height, width, 3) BGR, read from the package that ships it.

    Raises:
        FileNotFoundError: The installed package has no such file.
    """
    path = Path(str(files(portrait.package))) / portrait.path
    photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if photo is None:
        raise FileNotFoundError(
            f"expected {portrait.package} to ship {portrait.path}, found nothing readable at "
            f"{path}; install the version that PROVENANCE.md names"
        )
    return np.asarray(photo, np.uint8)


def apply_grade(bgr: FloatImage, grade: Grade) -> FloatImage:
    """Return the picture in another light, (height, width, 3) float32 in 0 to 255."""
    gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)[..., None]
    graded = (gray + (bgr - gray) * grade.saturation) * np.array(grade.gain_bgr)
    return np.asarray(np.clip(graded, 0, 255), np.float32)


def rounded_distance(
    shape: tuple[int, int], centre: tuple[float, float], size: tuple[float, float], radius: float
) -> FloatImage:
    """Return each pixel's distance in px to a rounded rectangle, negative inside."""
    rows, columns = np.indices(shape, dtype=np.float32)
    across = np.abs(columns + 0.5 - centre[0]) - size[0] / 2 + radius
    down = np.abs(rows + 0.5 - centre[1]) - size[1] / 2 + radius
    outside = np.hypot(np.maximum(across, 0), np.maximum(down, 0))
    distance = outside + np.minimum(np.maximum(across, down), 0) - radius
    return np.asarray(distance, np.float32)


def photograph(portrait: Portrait, face_px: float, size_px: tuple[int, int]) -> FloatImage:
    """Return a part of a photograph with the face in its middle, ``face_px`` wide."""
    photo = read_portrait(portrait)
    scale = face_px / portrait.face_px
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=method)
    centre = (portrait.face_x_px * scale, portrait.face_y_px * scale)
    return cv2.getRectSubPix(scaled, size_px, centre).astype(np.float32)


@lru_cache(maxsize=8)
def build_sprite(card: Card, features: Features | None) -> FloatImage:
    """Return a card with its ring and shadow, (height, width, 4) premultiplied BGRA.

    Its face is as wide as the card's largest keyframe asks, and its centre is the sprite's.

    Args:
        card: The card.
        features: What its face does, where it is drawn.
    """
    face_px = max(keyframe.face_px for keyframe in card.keyframes) * SUPERSAMPLING
    width, height = CARD_WIDTH_FACES * face_px, CARD_HEIGHT_FACES * face_px
    # The shadow reaches below the card and the face sits above its middle, hence the room.
    side, tall = round(width + 0.5 * face_px), round(height + 1.0 * face_px)
    if isinstance(card.portrait, Portrait):
        picture = photograph(card.portrait, face_px, (side, tall))
    else:
        picture = draw_face(card.portrait, features or Features(), face_px, (side, tall)).picture
    if card.mirrored:
        picture = np.ascontiguousarray(picture[:, ::-1])
    picture = apply_grade(picture, card.grade)

    middle = (side / 2, tall / 2 + (0.5 - FACE_HEIGHT_IN_CARD) * height)
    edge = rounded_distance((tall, side), middle, (width, height), 0.28 * width)
    fall = (middle[0], middle[1] + 0.05 * face_px)
    depth = rounded_distance((tall, side), fall, (width, height), 0.28 * width)
    alpha = np.clip(0.5 - edge, 0, 1)[..., None]
    ring = np.clip(edge + 0.028 * face_px + 0.5, 0, 1)[..., None]
    shadow = 0.45 * np.clip(0.5 - depth / (0.36 * face_px), 0, 1)[..., None] ** 2
    painted = picture * (1 - ring) + 245 * ring
    opacity = alpha + shadow * (1 - alpha)
    sprite: FloatImage = np.concatenate([painted * alpha, opacity], axis=2).astype(np.float32)
    return sprite


def draw_card(canvas: FloatImage, sprite: FloatImage, largest_px: float, pose: Pose) -> None:
    """Draw a sprite whose face is ``largest_px`` wide onto the (height, width, 3) canvas."""
    scale = pose.face_px / (largest_px * SUPERSAMPLING)
    reach = 0.55 * scale * math.hypot(*sprite.shape[:2])
    left, right = max(0, int(pose.x_px - reach)), min(WIDTH_PX, int(pose.x_px + reach))
    top, bottom = max(0, int(pose.y_px - reach)), min(HEIGHT_PX, int(pose.y_px + reach))
    if left >= right or top >= bottom:
        return
    zoom = scale * SUPERSAMPLING
    angle = np.deg2rad(pose.tilt_degrees)
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    target = np.array([pose.x_px - left, pose.y_px - top]) * SUPERSAMPLING
    shift = target - turn @ np.array([sprite.shape[1] / 2, sprite.shape[0] / 2])
    size = (right - left, bottom - top)
    large = (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING)
    drawn = cv2.warpAffine(sprite, np.column_stack([turn, shift]), large, flags=cv2.INTER_LINEAR)
    shrunk: FloatImage = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    view = canvas[top:bottom, left:right]
    view *= 1 - shrunk[..., 3:]
    view += shrunk[..., :3]


def background_at(seconds: float) -> FloatImage:
    """Return the defocused lights behind the cards, (height, width, 3) float32."""
    # Half the size is enough for something this soft.
    rows, columns = np.indices((HEIGHT_PX // 2, WIDTH_PX // 2), dtype=np.float32)
    across, down = columns * 2 / WIDTH_PX, rows * 2 / WIDTH_PX
    picture = np.full((*rows.shape, 3), BACKGROUND_BGR, np.float32)
    for glow in GLOWS:
        angle = 2 * np.pi * (glow.cycles * seconds / DURATION_S + glow.x + glow.y)
        x = glow.x + 0.05 * np.cos(angle)
        y = glow.y * HEIGHT_PX / WIDTH_PX + 0.05 * np.sin(angle)
        inside = (1 - np.hypot(across - x, down - y) / glow.radius) / glow.softness
        inside = np.clip(inside, 0, 1)
        weight = (glow.opacity * inside**2 * (3 - 2 * inside))[..., None]
        picture += (np.array(glow.bgr, np.float32) - picture) * weight.astype(np.float32)
    return np.asarray(cv2.resize(picture, (WIDTH_PX, HEIGHT_PX)), np.float32)


def render_frames() -> Iterator[ByteImage]:
    """Yield every frame of the clip, (480, 640, 3) BGR uint8."""
    # Rounding alone would leave bands in the slow gradients; the same grain in every frame is
    # nearly free to encode.
    grain = np.random.default_rng(0).uniform(0, 1, (HEIGHT_PX, WIDTH_PX, 1)).astype(np.float32)
    for index in range(round(DURATION_S * FPS)):
        canvas = background_at(index / FPS)
        for card, pose in poses_at(index / FPS):
            largest_px = max(keyframe.face_px for keyframe in card.keyframes)
            sprite = build_sprite(card, features_at(card, index / FPS))
            draw_card(canvas, sprite, largest_px, pose)
        yield np.clip(canvas + grain, 0, 255).astype(np.uint8)


def encode_clip(frames: Iterable[ByteImage], path: Path, crf: int) -> None:
    """Write the frames as H.264 in MP4 that any browser plays, its index at the front."""
    # One thread and no version strings in the container: the same input gives the same bytes.
    # aq-mode 3 spends more on dark, flat areas, where the gradients would show bands first.
    options = {"crf": str(crf), "preset": "slower", "aq-mode": "3", "g": str(2 * FPS)}
    options["threads"] = "1"
    container_options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", options=container_options) as container:
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        container.mux(stream.encode(None))


def main() -> None:
    """Read the command line and make the clip."""
    parser = argparse.ArgumentParser(description="Make the demonstration clip.")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s")
    parser.add_argument("--crf", type=int, default=DEFAULT_CRF, help="quality, lower is better")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    total = round(DURATION_S * FPS)
    encode_clip(tqdm(render_frames(), total=total, unit="frame"), arguments.output, arguments.crf)
    digest = hashlib.sha256(arguments.output.read_bytes()).hexdigest()
    size = arguments.output.stat().st_size
    log.info("%s: %d frames, %d bytes, SHA-256 %s", arguments.output, total, size, digest)


if __name__ == "__main__":
    main()
