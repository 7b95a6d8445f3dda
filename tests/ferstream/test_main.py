"""Tests of the command ``ferstream`` itself."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from ferstream.__main__ import COMMANDS, main


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int | str | None, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    captured = capsys.readouterr()
    return ended.value.code, captured.out + captured.err


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(["--version"], capsys) == (0, f"ferstream {version('ferstream')}\n")


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_it_lists_its_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(arguments, capsys)
    assert code == 0
    assert all(f"  {name}" in text for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told([command, "--help"], capsys)
    assert code == 0
    assert text.startswith(f"usage: ferstream {command} ")


def test_another_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(["analyse"], capsys)
    assert code == 2
    assert "'analyse'" in text
