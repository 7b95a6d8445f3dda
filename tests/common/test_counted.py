from __future__ import annotations

from common.counted import counted


def test_one_thing_is_no_plural() -> None:
    assert [counted(n, "record") for n in (0, 1, 2)] == ["0 records", "1 record", "2 records"]
