"""A sheet to draw on with soft shapes.

Lengths are in widths of the face that is drawn, ear to ear; the origin is the middle of the sheet,
and y points down.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Colour = tuple[float, float, float]
"""Blue, green and red, 0 to 255."""
Points = npt.NDArray[np.float64]
"""``(n, 2)``: x and y."""
Mask = npt.NDArray[np.float32]
"""How much of each pixel a shape covers, ``(height, width)`` from 0 to 1."""
_SUBPIXEL_BITS = 4


class Sheet:
    """A picture that is drawn on.

    Args:
        size_px: Width and height.
        unit_px: The width of the face.
        colour: Of the empty sheet.

    Attributes:
        picture: What is drawn so far, ``(height, width, 3) float32`` BGR in 0 to 255.
    """

    def __init__(self, size_px: tuple[int, int], unit_px: float, colour: Colour) -> None:
        width, height = size_px
        self.picture = np.empty((height, width, 3), np.float32)
        self.picture[:] = colour
        self._unit_px = unit_px
        self._origin_px = np.array([width / 2, height / 2])

    def shape(self, outline: Points, blur: float = 0.0) -> Mask:
        """Return what is inside a closed outline; ``blur`` is how soft its edge is."""
        pixels = (outline * self._unit_px + self._origin_px) * 2**_SUBPIXEL_BITS
        mask = np.zeros(self.picture.shape[:2], np.uint8)
        polygon = [np.round(pixels).astype(np.int32)]
        cv2.fillPoly(mask, polygon, (255,), cv2.LINE_AA, _SUBPIXEL_BITS)
        covered = np.divide(mask, 255, dtype=np.float32)
        if blur:
            soft = cv2.GaussianBlur(covered, (0, 0), blur * self._unit_px)
            return np.asarray(soft, np.float32)
        return covered

    def paint(self, mask: Mask, colour: Colour, opacity: float = 1.0) -> None:
        """Lay a colour over a shape."""
        over = (mask * opacity)[..., None]
        self.picture += (np.array(colour, np.float32) - self.picture) * over

    def shade(self, mask: Mask, light: float) -> None:
        """Leave so much light on a shape: below 1 it is darker, above brighter."""
        self.picture *= (1 - mask * (1 - light))[..., None]


def ellipse(x: float, y: float, radius_x: float, radius_y: float, power: float = 2.0) -> Points:
    """Return the outline of an ellipse; with a higher power it is squarer."""
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    across, down = np.cos(angles), np.sin(angles)
    bent = [np.sign(part) * np.abs(part) ** (2 / power) for part in (across, down)]
    return np.column_stack([x + radius_x * bent[0], y + radius_y * bent[1]])


def curve(*points: tuple[float, float]) -> Points:
    """Return a smooth line through three points, a parabola."""
    first, middle, last = (np.array(point) for point in points)
    share = np.linspace(0, 1, 24)[:, None]
    handle = 2 * middle - (first + last) / 2
    line = (1 - share) ** 2 * first + 2 * share * (1 - share) * handle + share**2 * last
    return np.asarray(line, np.float64)


def stroke(line: Points, width: float, last_width: float | None = None) -> Points:
    """Return the outline of a line that is so wide, at its end ``last_width``."""
    along = np.gradient(line, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    ends = (width, width if last_width is None else last_width)
    half = np.linspace(*ends, len(line))[:, None] / 2
    return np.vstack([line + across * half, (line - across * half)[::-1]])
