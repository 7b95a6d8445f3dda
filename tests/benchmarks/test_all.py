from __future__ import annotations

import argparse

import pytest

from benchmarks.all import PARTS, add_options, chosen_parts, main, make_command
from common.command import WRONG


def test_parts_have_names_of_their_own() -> None:
    names = [part.name for part in PARTS]
    assert len(set(names)) == len(names)
    assert chosen_parts(None) == list(PARTS)


def test_some_parts_are_chosen_by_name() -> None:
    assert [part.name for part in chosen_parts("viewers,live")] == ["live", "viewers"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["--only", "lively"], "--only lively"), (["--detectors", "hair"], "--detectors hair")],
)
def test_a_name_that_is_not_known_is_refused(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == WRONG
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], "make bench"),
        (["--videos", "/home/somebody/clips"], "make bench VIDEOS=DIR"),
        (["--quick", "--only", "live"], 'make bench OPTIONS="--only live --quick"'),
    ],
)
def test_the_page_says_how_to_do_it_again_and_no_path(arguments: list[str], command: str) -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    assert make_command(parser.parse_args(arguments)) == command
