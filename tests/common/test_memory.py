from __future__ import annotations

from common.memory import Memory
from tests.support.no_files import no_file_free

MIB = 1024 * 1024


def test_memory_that_is_taken_is_seen() -> None:
    memory = Memory()
    before = memory.used_bytes()
    taken = b"x" * (50 * MIB)
    assert memory.used_bytes() - before > 40 * MIB
    assert taken


def test_what_was_seen_last_holds_where_no_file_is_free_to_look() -> None:
    memory = Memory()
    before = memory.used_bytes()
    with no_file_free():
        assert memory.used_bytes() == before
