"""What made results, as lines of a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from publisher.as_json import Json

Facts = Mapping[str, object]


def made_by(metadata: Json) -> Iterator[tuple[str, str]]:
    """Yield what each line is about, and what it says; nothing where nothing is known."""
    if "ferstream" in metadata:
        yield "ferstream", str(metadata["ferstream"])
    if "started_at" in metadata:
        yield "Started", str(metadata["started_at"])[:19].replace("T", " ") + " UTC"
    for name, facts in cast("dict[str, Facts]", metadata.get("cameras", {})).items():
        yield f"Camera {name}", _in_words(facts)
    for role in ("detector", "classifier"):
        for facts in cast("list[Facts]", metadata.get(f"{role}s", [])):
            yield role.capitalize(), _in_words(facts)


def _in_words(facts: Facts) -> str:
    known = ((name, value) for name, value in facts.items() if value is not None)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in known)
