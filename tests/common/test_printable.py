from __future__ import annotations

import pytest

from common.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("door", "door"),
        ("Tür 門 🚪", "Tür 門 🚪"),
        ("x\nERROR broker: forged", r"x\nERROR broker: forged"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b31m\r\t\0", r"\x9b31m\r\t\x00"),
        ("gnp.\u202eexe", r"gnp.\u202eexe"),
        ("\u2028\udc80", r"\u2028\udc80"),
    ],
)
def test_signs_that_steer_are_shown_and_others_left(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_long_text_is_cut_and_its_length_told() -> None:
    assert printable("x" * 60_000, 10) == "xxxxxxxxxx... (60000 characters)"
