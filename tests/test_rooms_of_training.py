"""The rooms of training import downward only, and no module of it imports itself in a circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in sorted((ROOT / "training").rglob("*.py"))
    if path.name != "__init__.py"
}
ROOMS = (
    "training.config",
    "training.metrics",
    "training.data",
    "training.model",
    "training.run",
    "training.measure",
    "training.measure.plots",
)
"""From the bottom up. Above them are the commands, in ``training`` itself."""


def imports_of(module: str) -> set[str]:
    """Return the modules of training that one imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & set(MODULES)


def height_of(module: str) -> int:
    """Return the height of the room that a module is in; the commands are at the top."""
    inside = [at for at, room in enumerate(ROOMS) if f"{module}.".startswith(f"{room}.")]
    return max(inside, default=len(ROOMS))


@pytest.mark.parametrize("module", MODULES)
def test_rooms_import_downward_only(module: str) -> None:
    upward = {name for name in imports_of(module) if height_of(name) > height_of(module)}
    assert not upward


def test_no_module_imports_itself_in_a_circle() -> None:
    order = tuple(TopologicalSorter({name: imports_of(name) for name in MODULES}).static_order())
    assert set(order) == set(MODULES)
