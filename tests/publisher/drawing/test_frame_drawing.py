"""The pictures of one frame."""

from __future__ import annotations

import numpy as np

from common.ring import RingReader, RingWriter
from publisher.drawing.frame_drawing import FrameDrawing
from tests.publisher.faces_and_frames import published
from tests.publisher.material import HEIGHT, WIDTH, frame


def test_pictures_are_made_once_and_stay_when_the_slot_is_used_again() -> None:
    ring = RingWriter(HEIGHT, WIDTH, 1)
    ring.write(0, np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
    source = frame(1, ring=str(ring.path))
    drawing = FrameDrawing(source, published(1), RingReader())
    annotated, clean = drawing.annotated(), drawing.clean()
    assert drawing.annotated() is annotated
    assert drawing.clean() is clean
    ring.write(0, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    assert np.all(clean == 90)
    assert np.ptp(annotated) > 80
    ring.close()
