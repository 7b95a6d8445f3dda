"""A log with a bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from publisher.live.bounded import BoundedLog


@given(st.lists(st.integers(1, 9), max_size=60), st.integers(1, 30))
def test_it_holds_the_newest_entries_that_fit(weights: list[int], most: int) -> None:
    log = BoundedLog[int](most, lambda weight: weight)
    for weight in weights:
        log.add_entry(weight)
    kept = list(log)
    assert kept == list(reversed(log))[::-1] == weights[len(weights) - len(kept) :]
    assert sum(kept) <= most or len(kept) == 1
    assert bool(kept) == bool(weights)
    if len(kept) < len(weights):
        assert sum(kept) + weights[len(weights) - len(kept) - 1] > most
    assert log.oldest == (kept[0] if kept else None)
