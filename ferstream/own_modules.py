"""Whether the modules that this package is made of are those that Python finds by their names."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

OURS = ("common", "capture", "detector", "classifier", "publisher")


def check_own_modules() -> None:
    """Check that no file of a program has the name of a module of ours and is found before it.

    Raises:
        ImportError: One has; says which, and what to do.
    """
    root = Path(__file__).resolve().parents[1]
    for name in OURS:
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
        if origin is None or origin.parent.parent != root:
            raise ImportError(
                f"{origin or name} is found in place of ferstream's own module {name}; rename it, "
                "or start Python from another folder"
            )
