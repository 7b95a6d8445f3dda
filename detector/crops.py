"""Cutting faces out of a frame as the model contract wants them."""

from __future__ import annotations

import numpy as np

from common.face_model import CROP_MARGIN, FACE_SIZE_PX, Boxes, Crops
from common.pixels import Gray
from detector.boxes import Box, check_gray_frame
from detector.window import resize


def cut_crops(gray: Gray, boxes: Boxes) -> Crops:
    """Cut each face from the full-resolution grey frame.

    A crop is the square around the box's centre whose side is the box's longer side widened by
    ``CROP_MARGIN`` on each side. Where it reaches over the frame's edge, the edge is repeated, so
    that the face keeps its aspect and its place in the crop.

    Args:
        gray: ``(height, width) uint8``.
        boxes: ``(n, 4) int32``, x, y, width, height in pixels of this frame.

    Returns:
        ``(n, 48, 48) uint8``.

    Raises:
        ValueError: A box has no area or lies outside the frame, or the shapes are wrong.
    """
    check_gray_frame(gray)
    _check_boxes(boxes, gray.shape)
    crops = np.empty((len(boxes), FACE_SIZE_PX, FACE_SIZE_PX), np.uint8)
    for crop, box in zip(crops, boxes, strict=True):
        crop[:] = resize(_cut_square(gray, box), (FACE_SIZE_PX, FACE_SIZE_PX))
    return crops


def _check_boxes(boxes: Boxes, frame_shape: tuple[int, ...]) -> None:
    """Raise ValueError for boxes that no face can be cut from."""
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"expected boxes (n, 4), got {boxes.shape}")
    height, width = frame_shape
    for x, y, box_width, box_height in boxes.tolist():
        outside = x >= width or y >= height or x + box_width <= 0 or y + box_height <= 0
        if box_width <= 0 or box_height <= 0 or outside:
            raise ValueError(
                f"expected a box with an area inside the frame of {width}x{height}, got "
                f"x={x} y={y} width={box_width} height={box_height}"
            )


def _cut_square(gray: Gray, box: Box) -> Gray:
    """Return the widened square around a box, ``(side, side) uint8``."""
    x, y, box_width, box_height = box.tolist()
    side = max(1, round(max(box_width, box_height) * (1 + 2 * CROP_MARGIN)))
    left, top = x + (box_width - side) // 2, y + (box_height - side) // 2
    # Clipped places repeat the pixels at the frame's edge.
    rows = gray.take(np.arange(top, top + side), axis=0, mode="clip")
    return rows.take(np.arange(left, left + side), axis=1, mode="clip")
