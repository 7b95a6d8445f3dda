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
        values = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise _damaged(file, error, remedy) from error
    return checked(values, kind, file, remedy)


def checked(values: object, kind: type[T], file: Path, remedy: str) -> T:
    """Return ``values``, which were read from ``file``, as ``kind``; what it does not name is lost.

    Raises:
        ConfigError: They do not fit, as in ``read_json``.
    """
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise _damaged(file, error, remedy) from error


def _damaged(file: Path, error: Exception, remedy: str) -> ConfigError:
    return ConfigError(f"{file} is damaged ({error}); {remedy}")
