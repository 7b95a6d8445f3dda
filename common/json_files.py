"""JSON files, written in one step and read as the type that they should hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

import msgspec

from common.errors import ConfigError
from common.files import replacing

T = TypeVar("T")


def write_json(file: Path, values: object) -> None:
    """Write ``values`` in one step, into a folder that is made where there is none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as new:
        new.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def read_json(file: Path, kind: type[T], remedy: str) -> T:
    """Read a file as ``kind``: a dataclass, a ``TypedDict``, or a collection of such.

    Raises:
        ConfigError: The file cannot be read, is no JSON, or holds something else. The message says
            where in it what was expected, and ends with ``remedy``.
    """
    try:
        # The reader of msgspec refuses NaN, which the loss of a run can become.
        return msgspec.convert(json.loads(file.read_bytes()), kind)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} is damaged ({error}); {remedy}") from error
