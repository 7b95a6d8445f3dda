"""Which of several pipelines that share a list of cameras runs which: its cell."""

from __future__ import annotations

from hashlib import blake2b

_BITS = 64


def cell_of(camera: str, cells: int) -> int:
    """Return the cell that a camera falls to, from 0 on; the same on every machine.

    Imagine that cells were added one after another, and that at each step every camera drew whether
    to move to the new one, with a chance of one in as many as there are now: then all are equally
    likely to have it, and none ever moves but to a new cell. This draws not each step, but the next
    at which the camera moves (jump consistent hash, Lamping and Veach 2014, arXiv:1406.2294).

    Args:
        camera: The camera's name.
        cells: How many cells there are, at least 1. The last are the ones to be added and taken
            away, as a StatefulSet does.
    """
    cell = following = draws = 0
    while following < cells:
        cell = following
        following = ((cell + 1) << _BITS) // (_draw(camera, draws) + 1)
        draws += 1
    return cell


def _draw(camera: str, number: int) -> int:
    """Return a number of ``_BITS`` bits that looks random."""
    text = f"{number} {camera}".encode()
    return int.from_bytes(blake2b(text, digest_size=_BITS // 8).digest(), "big")
