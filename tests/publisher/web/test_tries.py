"""Who has tried too often has to wait, and nobody else."""

from __future__ import annotations

import pytest

from publisher.web.tries import MAX_ADDRESSES, MAX_TRIES, WINDOW_S, FailedTries
from tests.support.clock import Clock


def fail(tries: FailedTries, address: str, times: int = MAX_TRIES) -> None:
    for _ in range(times):
        tries.note_failure(address)


def test_an_address_waits_for_the_end_of_its_minute() -> None:
    clock = Clock()
    tries = FailedTries(clock)
    fail(tries, "10.0.0.1", MAX_TRIES - 1)
    assert tries.wait_s("10.0.0.1") == 0
    clock.now_s += 20
    fail(tries, "10.0.0.1", 1)
    assert tries.wait_s("10.0.0.1") == WINDOW_S - 20
    clock.now_s += WINDOW_S - 20
    assert tries.wait_s("10.0.0.1") == 0
    fail(tries, "10.0.0.1", 1)
    assert tries.wait_s("10.0.0.1") == 0


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("", "10.0.0.1", False),
    ],
)
def test_networks_of_one_owner_wait_together(first: str, second: str, same: bool) -> None:
    tries = FailedTries(Clock())
    fail(tries, first)
    assert (tries.wait_s(second) > 0) is same


def test_what_is_remembered_is_bounded() -> None:
    tries = FailedTries(Clock())
    fail(tries, "10.0.0.1")
    for number in range(MAX_ADDRESSES):
        fail(tries, f"stranger {number}", 1)
    assert tries.wait_s("10.0.0.1") == 0
    assert len(tries._windows) == MAX_ADDRESSES
