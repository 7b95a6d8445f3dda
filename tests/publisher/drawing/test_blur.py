"""Faces that cannot be recognised."""

from __future__ import annotations

import numpy as np
import pytest

from common.pixels import Bgr
from publisher.drawing.blur import MARGIN, MOSAIC_CELLS, blur
from publisher.faces import Box

FACE = (40, 30, 50, 50)


def noise() -> Bgr:
    return np.random.default_rng(1).integers(0, 256, (120, 160, 3)).astype(np.uint8)


def test_a_face_is_left_with_a_few_flat_cells_and_the_rest_untouched() -> None:
    before = noise()
    after = blur(before, [FACE])
    x, y, w, h = FACE
    inside = after[y : y + h, x : x + w]
    assert len(np.unique(inside.reshape(-1, 3), axis=0)) <= MOSAIC_CELLS**2
    assert inside.std() < before[y : y + h, x : x + w].std() / 3
    edge = round(MARGIN * w)
    changed = (after != before).any(axis=2)
    changed[y - edge : y + h + edge, x - edge : x + w + edge] = False
    assert not changed.any()


@pytest.mark.parametrize("box", [(-20, -20, 60, 60), (150, 110, 60, 60), (500, 500, 9, 9)])
def test_boxes_at_the_edge_and_outside_do_no_harm(box: Box) -> None:
    assert blur(noise(), [box]).shape == (120, 160, 3)
