from __future__ import annotations

import pytest

from benchmarks.all import PARTS, chosen_parts, main
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
