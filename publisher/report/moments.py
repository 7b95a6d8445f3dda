"""The moments at which each expression was clearest."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count

from common.face_model import LABELS
from publisher.faces import Box, Face

NEUTRAL = "neutral"
EXPRESSIONS = tuple(label for label in LABELS if label != NEUTRAL)
LEAST_PROBABILITY = 0.5
"""A face that is less likely to show an expression is no moment of it."""
MOMENTS_EACH = 4
APART_S = 5.0
"""Two moments of one track are at least so far from each other."""
SLICE_S = 0.5
"""While reading, only the best of each so long piece of a track is kept."""
KEPT_SLICES = 2000
"""So many pieces are kept of each expression: a plateau of one track as long as 1,000 seconds
leaves room for no other."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A face at the height of an expression.

    Attributes:
        probability: The smoothed one, 0 to 1.
        at_s: On the camera's clock, which goes on where the source begins again.
        pts_s: The source's own timestamp.
    """

    label: str
    probability: float
    camera: str
    track_id: int
    at_s: float
    pts_s: float
    box: Box


class MomentFinder:
    """Finds them in one pass, keeping a bounded number of candidates."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str, int], Moment] = {}
        self._found: dict[str, list[tuple[float, int, Moment]]] = {name: [] for name in EXPRESSIONS}
        self._order = count(0, -1)  # of equal ones the earlier is the better

    def add_face(self, camera: str, at_s: float, pts_s: float, face: Face) -> None:
        """Take in a face that was shown."""
        for label, probability in zip(LABELS, face.smoothed, strict=False):
            if probability < LEAST_PROBABILITY or label == NEUTRAL:
                continue
            key = (label, camera, face.track_id)
            best = self._open.get(key)
            if best is not None and int(best.at_s / SLICE_S) != int(at_s / SLICE_S):
                self._keep(best)
                best = None
            if best is None or probability > best.probability:
                self._open[key] = Moment(
                    label, probability, camera, face.track_id, at_s, pts_s, face.box
                )

    def best(self) -> dict[str, list[Moment]]:
        """Return the best moments of each expression, best first."""
        for moment in self._open.values():
            self._keep(moment)
        self._open.clear()
        return {label: _choose(found) for label, found in self._found.items()}

    def _keep(self, moment: Moment) -> None:
        found = self._found[moment.label]
        item = (moment.probability, next(self._order), moment)
        if len(found) < KEPT_SLICES:
            heapq.heappush(found, item)
        else:
            heapq.heappushpop(found, item)


def _choose(found: list[tuple[float, int, Moment]]) -> list[Moment]:
    """Choose the best, each some seconds from those of the same track that were chosen before."""
    chosen: list[Moment] = []
    for _, _, moment in sorted(found, reverse=True):
        if len(chosen) == MOMENTS_EACH:
            break
        if not any(_is_near(moment, other) for other in chosen):
            chosen.append(moment)
    return chosen


def _is_near(a: Moment, b: Moment) -> bool:
    is_same_face = (a.camera, a.track_id) == (b.camera, b.track_id)
    return is_same_face and abs(a.at_s - b.at_s) < APART_S
