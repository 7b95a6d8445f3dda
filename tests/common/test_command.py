from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from common.command import INTERRUPTED, WRONG, Command
from common.errors import ConfigError, FerstreamError, ModelError
from tests.support.pipeline import ROOT


def command(error: BaseException | None = None) -> Command:
    def run(options: argparse.Namespace) -> None:
        if error is not None:
            raise error
        print(options.word)

    def add_options(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("word")

    return Command("some.module", "What it does.", add_options, run)


def test_a_command_that_ends_well_gives_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert command()(["hello"]) == 0
    assert capsys.readouterr().out == "hello\n"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("--x is 1, allowed: 2"), WRONG, "--x is 1, allowed: 2"),
        (ModelError("gone"), WRONG, "gone"),
        (FerstreamError("any of ours"), WRONG, "any of ours"),
        (OSError(28, "No space left", "a.png"), WRONG, "cannot read or write a.png: No space left"),
        (OSError(21, "Is a directory", ".new-a", None, "a"), WRONG, "cannot read or write a: Is a"),
        (OSError(28, "No space left"), WRONG, "No space left"),
        (KeyboardInterrupt(), INTERRUPTED, "stopped"),
    ],
)
def test_what_is_wrong_is_one_line(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    assert command(error)(["hello"]) == code
    told = capsys.readouterr().err
    assert told.startswith(f"some.module: {said}")
    assert told.count("\n") == 1


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        command(ZeroDivisionError())(["hello"])


def test_help_and_wrong_options_name_the_module(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code in ((["--help"], 0), (["--wrong"], WRONG)):
        with pytest.raises(SystemExit) as ended:
            command()(arguments)
        assert ended.value.code == code
    told = capsys.readouterr()
    assert "What it does." in told.out
    assert told.err.startswith("usage: python -m some.module ")


def test_where_nobody_can_be_told_the_code_still_says_it() -> None:
    program = (
        "import sys; from common.errors import ConfigError; from tests.common.test_command import "
        "command; sys.exit(command(ConfigError('--x is 1'))(['hello']))"
    )
    closed = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", program]
    assert subprocess.run(closed, cwd=ROOT, check=False).returncode == WRONG
