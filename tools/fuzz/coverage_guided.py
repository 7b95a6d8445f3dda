"""Fuzzes a target in this process (atheris), led by which lines of Python an input reaches.

Much is decided in C, which atheris does not see. So what a target says of an input leads the way
too: each answer that is new counts as a line of its own.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import atheris

MAX_INPUT_BYTES = 200_000
TIMEOUT_S = 10
MAX_RSS_MB = 2048
MAX_ANSWERS = 2000
"""libFuzzer dies at 4,096 pieces of code that are added while it runs."""


def fuzz(target: str, instrumented: list[str], corpus: Path, seconds: int) -> None:
    """Run until the time is over or an input breaks something; end the process then.

    Args:
        target: Full name of the module that has ``check``, ``seeds`` and perhaps ``changed``.
        instrumented: The packages whose lines lead the way.
        corpus: Folder of the inputs that reached something new, kept from run to run. What broke
            something is put beside it.
        seconds: How long to go on.
    """
    with atheris.instrument_imports(include=[*instrumented, target]):
        module = importlib.import_module(target)
    corpus.mkdir(parents=True, exist_ok=True)
    for name, data in module.seeds().items():
        (corpus / name).write_bytes(data)
    options = [
        *(f"-max_total_time={seconds}", f"-timeout={TIMEOUT_S}", f"-rss_limit_mb={MAX_RSS_MB}"),
        *(f"-max_len={MAX_INPUT_BYTES}", f"-artifact_prefix={corpus}.", "-print_final_stats=1"),
    ]
    more = {"custom_mutator": _mutator(module)} if hasattr(module, "changed") else {}
    atheris.Setup([sys.argv[0], *options, str(corpus)], _led_by_answers(module.check), **more)
    atheris.Fuzz()


def _led_by_answers(check: Callable[[bytes], str]) -> Callable[[bytes], None]:
    lines: dict[str, Callable[[], None]] = {}

    def reach() -> None:
        """Is copied for each answer, so that each has a counter."""

    def try_input(data: bytes) -> None:
        answer = check(data)
        if answer not in lines and len(lines) < MAX_ANSWERS:
            lines[answer] = atheris.instrument_func(FunctionType(reach.__code__, {}))
        if answer in lines:
            lines[answer]()

    return try_input


def _mutator(module: Any) -> Any:
    """Return a change of inputs that is the target's own one every other time."""

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        made: bytes | None = module.changed(data, seed) if seed % 2 else None
        if made is None or len(made) > max_size:
            made = atheris.Mutate(data, max_size)
        return made

    return mutate
