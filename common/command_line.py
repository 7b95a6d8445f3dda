"""The command line of a stage: an option for each of its settings."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import Field
from typing import Any, NoReturn

from common.errors import ConfigError
from common.passwords import without_password


class _Parser(argparse.ArgumentParser):
    """Like its parent, but a wrong option is a ConfigError: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{without_password(message)}; `{self.prog} --help` lists the options")


def parse_options(
    cls: type, stage: str, settings: list[Field[Any]], arguments: Sequence[str]
) -> dict[str, str | None]:
    """Return the text given for each setting, by the field's name; ``--help`` ends the process.

    Args:
        cls: The stage's dataclass.
        stage: The package as it is run.
        settings: Those of its fields that can be given.
        arguments: The command line without the program.

    Raises:
        ConfigError: There is no such option.
    """
    summary = (cls.__doc__ or "").strip().splitlines()[0]
    parser = _Parser(prog=f"python -m {stage}", description=summary, allow_abbrev=False)
    for item in settings:
        default = "none" if item.default is None else item.default
        parser.add_argument(
            f"--{item.name.replace('_', '-')}",
            dest=item.name,
            metavar="VALUE",
            help=f"{item.metadata['meaning']} "
            f"(environment: {item.metadata['variable']}; default: {default})".replace("%", "%%"),
        )
    return vars(parser.parse_args(arguments))
