"""The rooms of the publisher lie in one order, and what a room imports lies below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_structure import ROOT, imports_of, name_of

PUBLISHER = ROOT / "publisher"
ROOMS = (
    *("config", "faces", "output_files", "as_json"),
    *("tracking", "drawing", "results", "recording", "live", "uploads"),
    *("web", "report", "stage", "__main__"),
)
"""From the lowest to the highest: a module of the publisher itself, or a folder."""
FILES = [path for path in sorted(PUBLISHER.rglob("*.py")) if path != PUBLISHER / "__init__.py"]


def room_of(path: Path) -> str:
    return path.relative_to(PUBLISHER).parts[0].removesuffix(".py")


def test_every_room_has_its_place() -> None:
    assert sorted({room_of(path) for path in FILES}) == sorted(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_imports_only_what_lies_below(path: Path) -> None:
    place = ROOMS.index(room_of(path))
    parts = (name.split(".") for name in imports_of(path))
    imported = {names[1] for names in parts if names[0] == "publisher" and len(names) > 1}
    above = {room for room in imported if ROOMS.index(room) > place}
    assert not above, f"{name_of(path)} imports {above}"
