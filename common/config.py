"""Settings of a stage: command line, then environment, then default.

Each stage declares one frozen dataclass whose fields are made by ``setting``::

    @dataclass(frozen=True, slots=True)
    class DetectorConfig(BrokerSettings):
        interval: int = setting("DETECTOR_INTERVAL", 10, integer(1, 1000), "frames between ...")

``load_config`` fills it. A value that does not parse, or a variable with the stage's prefix that
does not exist, raises ``ConfigError`` naming the variable, the value and what is allowed.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from common.endpoint import DEFAULT_ENDPOINT, parse_endpoint
from common.errors import ConfigError
from common.passwords import has_password, without_password
from common.workers import AUTO, WorkerRule

T = TypeVar("T", bound="BrokerSettings")
Parser = Callable[[str], object]
"""Turns text into a value or raises ``ValueError`` that says what is allowed."""


MAX_WORKERS = 64
WORKERS_MEANING = (
    "processes to start; auto: under plain honcho start as many as suit CAPTURE_MODE and the cores "
    "that may be used, under honcho start -c and by hand one each"
)


def setting(variable: str, default: object, parse: Parser, meaning: str) -> Any:
    """Declare one field of a configuration and the environment variable it comes from."""
    metadata = {"variable": variable, "parse": parse, "meaning": meaning}
    return field(default=default, metadata=metadata)


def integer(low: int, high: int) -> Parser:
    """Accept a whole number from ``low`` to ``high``."""
    return _between(int, low, high, "a whole number")


def worker_count(rule: WorkerRule) -> Parser:
    """Accept a number of workers, or ``auto`` for what the rule says."""
    whole = integer(1, MAX_WORKERS)

    def parse(text: str) -> object:
        if text == AUTO:
            return rule
        try:
            return whole(text)
        except ValueError as error:
            raise ValueError(f"{AUTO} or {error}") from error

    return parse


def number(low: float, high: float) -> Parser:
    """Accept a decimal number from ``low`` to ``high``."""
    return _between(float, low, high, "a number")


def _between(kind: Callable[[str], float], low: float, high: float, what: str) -> Parser:
    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f"{what} from {low} to {high}")
        return value

    return parse


def choice(*allowed: str) -> Parser:
    """Accept one of the given words."""

    def parse(text: str) -> str:
        for word in allowed:
            if word == text:
                return word
        raise ValueError(" or ".join(allowed))

    return parse


def switch(text: str) -> bool:
    """Accept ``1`` or ``0``, and the usual words for them."""
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in words:
        raise ValueError("1 or 0")
    return words[text.lower()]


def words(text: str) -> str:
    """Accept any text that is not empty."""
    if not text.strip():
        raise ValueError("a text that is not empty")
    return text


def user_path(text: str) -> Path:
    """Accept a path; a ``~`` at its start is somebody's home, and that somebody has to exist."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError("a path; the user whose home it is in does not exist") from error


def _answer(question: Callable[[], bool]) -> bool:
    """Ask something about a path.

    Raises:
        ValueError: Nobody can say, as of what is in a folder that this user may not enter.
    """
    try:
        return question()
    except OSError as error:
        raise ValueError(f"a path that can be read ({error.strerror})") from error


def existing_file(text: str) -> Path:
    """Accept the path of a file that exists."""
    path = user_path(text)
    if not _answer(path.is_file):
        raise ValueError("a file that exists")
    return path


def existing_path(text: str) -> Path:
    """Accept the path of a file or folder that exists."""
    path = user_path(text)
    if not _answer(path.exists):
        raise ValueError("a file or folder that exists")
    return path


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """What every stage needs to know: the one address, its key, and how many processes it is."""

    endpoint: str = setting(
        "BROKER_ENDPOINT", DEFAULT_ENDPOINT, parse_endpoint, "the address all processes meet at"
    )
    keys: Path | None = setting(
        "BROKER_KEYS",
        None,
        existing_path,
        "on tcp: the folder that python -m common.keys made, on other machines a file out of it",
    )
    insecure: bool = setting(
        "BROKER_INSECURE",
        0,
        switch,
        "1: on tcp, whoever reaches the address sees faces and can take part, without any key",
    )
    workers: int | WorkerRule = 1  # a setting of those stages that may be several

    @property
    def is_given_up(self) -> bool:
        """Whether crashes in a row end the stage, and all with it, though it has worked before."""
        return True


def load_config(
    cls: type[T],
    stage: str,
    argv: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> T:
    """Read the configuration ``cls`` of a stage.

    Args:
        cls: The stage's dataclass.
        stage: The package as it is run, such as ``capture`` or ``common.broker``.
        argv: The command line without the program, by default this process's.
        environ: The environment, by default this process's.

    Raises:
        ConfigError: A value is not allowed or a variable of the stage does not exist.
    """
    environ = os.environ if environ is None else environ
    settings = [item for item in fields(cls) if "variable" in item.metadata]
    given = _given_options(cls, stage, settings, sys.argv[1:] if argv is None else argv)
    _refuse_passwords(settings, given)
    _refuse_unknown(stage, settings, environ)
    values = {}
    for item in settings:
        variable = item.metadata["variable"]
        text = given.get(item.name) or environ.get(variable)
        if text:
            try:
                values[item.name] = item.metadata["parse"](text)
            except ValueError as error:
                shown = without_password(text)
                raise ConfigError(f"{variable}={shown}: expected {error}") from error
    return cls(**values)


def _given_options(
    cls: type, stage: str, settings: list[Field[Any]], arguments: Sequence[str]
) -> dict[str, str | None]:
    """Return what the command line gives, by the field's name."""
    if not arguments:  # as honcho starts all, and supervisors their stages
        return {}
    from common.command_line import parse_options  # noqa: PLC0415 - its imports, ten times

    return parse_options(cls, stage, settings, arguments)


def _refuse_passwords(settings: list[Field[Any]], given: Mapping[str, str | None]) -> None:
    for item in settings:
        text = given.get(item.name)
        if text and has_password(text):
            variable = item.metadata["variable"]
            raise ConfigError(
                f"{variable}={without_password(text)}: a command line can be read by every user of "
                f"this machine, and this one holds a password; set {variable} in the environment"
            )


def _refuse_unknown(stage: str, settings: list[Field[Any]], environ: Mapping[str, str]) -> None:
    prefix = stage.rpartition(".")[2].upper()
    known = {item.metadata["variable"] for item in settings}
    for variable in environ:
        if variable in known or not variable.startswith(f"{prefix}_"):
            continue
        import difflib  # noqa: PLC0415 - only for who has to be told

        near = difflib.get_close_matches(variable, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
        shown = without_password(environ[variable])
        raise ConfigError(f"{variable}={shown}: no such variable; {hint}")
