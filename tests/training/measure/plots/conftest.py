"""Keeps the figures that are drawn, so that tests can ask what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that were written so far; they are written all the same."""
    kept: list[Figure] = []
    write = Figure.savefig

    def keep_and_write(figure: Figure, file: Path, **how: Any) -> None:
        kept.append(figure)
        write(figure, file, **how)

    monkeypatch.setattr(Figure, "savefig", keep_and_write)
    return kept
