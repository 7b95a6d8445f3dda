"""How a picture is drawn for who watches it."""

from __future__ import annotations

from dataclasses import dataclass

NOTICE_SIZE = (640, 360)
"""Width and height in pixels of words in the place of a picture whose size is not known."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a viewer has chosen.

    Attributes:
        boxes: Faces are boxed and labelled.
        blurred: Faces cannot be recognised.
    """

    boxes: bool = True
    blurred: bool = False
