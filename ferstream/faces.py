"""The faces of an image, as programs and notebooks use them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import overload

from common.counted import counted
from common.face_model import LABELS
from common.pixels import Bgr
from publisher.drawing.annotate import annotate, encode_jpeg
from publisher.faces import Face as JudgedFace

PICTURE_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Face:
    """A face in an image.

    Attributes:
        box: x, y, width and height in pixels, from the image's upper left corner.
        label: One of the seven expressions, ``uncertain``, or ``turned away`` where the face is
            turned too far to be judged.
        confidence: The probability of the expression that the label names, 0 to 1; None where it
            names none.
        probabilities: Those of the seven expressions; empty where it is turned away.
        roll_deg: How the head is tilted, clockwise in the picture; this and the next two are None
            where the detector does not tell.
        yaw_deg: How it is turned towards the picture's right.
        pitch_deg: How it is turned upwards.
    """

    box: tuple[int, int, int, int]
    label: str
    confidence: float | None
    probabilities: dict[str, float]
    roll_deg: float | None = None
    yaw_deg: float | None = None
    pitch_deg: float | None = None


class Faces(Sequence[Face]):
    """The faces of one image, in the order in which they were found.

    A notebook shows the image with their boxes, and a table.

    Attributes:
        image: The image, ``(height, width, 3) uint8`` BGR.
    """

    def __init__(self, image: Bgr, faces: Sequence[Face]) -> None:
        self.image = image
        self._faces = tuple(faces)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._faces)

    @overload
    def __getitem__(self, at: int) -> Face: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Face]: ...
    def __getitem__(self, at: int | slice) -> Face | Sequence[Face]:
        """Return one or some."""
        return self._faces[at]

    def __iter__(self) -> Iterator[Face]:
        """Go through them."""
        return iter(self._faces)

    def __repr__(self) -> str:
        """Return their labels."""
        return f"<Faces: {', '.join(face.label for face in self) or 'none'}>"

    def picture(self) -> Bgr:
        """Return the image with a box and a label for each face, ``(height, width, 3) uint8``."""
        return annotate(self.image, self._faces)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        jpeg = base64.b64encode(encode_jpeg(self.picture(), PICTURE_QUALITY)).decode()
        head = "".join(f"<th>{name}</th>" for name in ("", "label", *LABELS))
        rows = "".join(
            f"<tr><th>{number}</th><td>{escape(face.label)}</td>{_percentages(face)}</tr>"
            for number, face in enumerate(self)
        )
        return (
            f'<img alt="{counted(len(self), "face")}" style="max-width: 100%" '
            f'src="data:image/jpeg;base64,{jpeg}">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )


def face_of(judged: JudgedFace) -> Face:
    """Return a face as the publisher has it as one for programs."""
    roll_deg, yaw_deg, pitch_deg = judged.pose or (None, None, None)
    return Face(
        judged.box,
        str(judged.label),
        judged.confidence,
        dict(zip(LABELS, judged.probabilities, strict=False)),
        roll_deg,
        yaw_deg,
        pitch_deg,
    )


def _percentages(face: Face) -> str:
    return "".join(
        f"<td>{face.probabilities[label]:.0%}</td>" if face.probabilities else "<td></td>"
        for label in LABELS
    )
