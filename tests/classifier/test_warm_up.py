"""With a clock of its own, so that nothing depends on the machine."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import pytest

from classifier.backend import BATCH_SIZES
from classifier.warm_up import BATCH_MS, BUDGET_S, REPEATS, best_batch_size
from common.face_model import Crops, Probabilities


class Machine:
    """A backend, and the clock that its work moves on."""

    def __init__(self, seconds: Callable[[int], float]) -> None:
        self._seconds = seconds
        self.now_s = 0.0
        self.sizes: list[int] = []
        self.beats = 0

    def classify(self, crops: Crops) -> Probabilities:
        assert crops.dtype == np.uint8
        assert crops.shape[1:] == (48, 48)
        self.sizes.append(len(crops))
        self.now_s += self._seconds(len(crops))
        return np.zeros((len(crops), 7), np.float32)

    def beat(self) -> None:
        self.beats += 1

    def best(self, largest: int | None = None) -> int:
        return best_batch_size(self, largest, self.beat, lambda: self.now_s)

    @property
    def tried(self) -> list[int]:
        return sorted(set(self.sizes))


def test_largest_batch_wins_where_a_call_costs_more_than_its_faces() -> None:
    machine = Machine(lambda faces: 0.001 + faces * 0.0001)
    assert machine.best() == 64
    assert machine.tried == list(BATCH_SIZES)
    assert machine.beats == len(BATCH_SIZES)


def test_sizes_are_tried_until_one_gains_nothing() -> None:
    """Larger ones only take time and memory before the first face."""
    machine = Machine(lambda faces: 0.002 + faces * (0.0005 if faces <= 2 else 0.005))
    assert machine.best() == 2
    assert machine.tried == [1, 2, 4]


def test_what_a_batch_costs_besides_the_model_counts_too() -> None:
    """A model that gains nothing still wants batches that share the cost of their messages."""
    assert Machine(lambda faces: faces * BATCH_MS / 1000).best() == 16


def test_smallest_batch_wins_where_the_model_outweighs_its_messages() -> None:
    assert Machine(lambda faces: faces * 20 * BATCH_MS / 1000).best() == 1


def test_batch_beyond_which_it_gets_slower_wins() -> None:
    machine = Machine(lambda faces: 0.002 + faces * (0.0005 if faces <= 8 else 0.005))
    assert machine.best() == 8


def test_gain_of_less_than_a_twentieth_is_not_worth_a_larger_batch() -> None:
    assert Machine(lambda faces: faces * (0.01 if faces < 2 else 0.0099)).best() == 1


def test_first_call_of_a_size_compiles_and_is_not_measured() -> None:
    seen: set[int] = set()

    def seconds(faces: int) -> float:
        first = faces not in seen
        seen.add(faces)
        return 0.1 if first and faces > 1 else 0.001 + faces * 0.0001

    assert Machine(seconds).best() == 64


@pytest.mark.parametrize("disturbed", [1, 2, 3])
def test_load_on_the_machine_during_two_of_three_repeats_changes_nothing(disturbed: int) -> None:
    calls: dict[int, int] = {}

    def seconds(faces: int) -> float:
        calls[faces] = calls.get(faces, -1) + 1
        slow = calls[faces] not in (0, disturbed) and faces >= 2
        return (0.001 + faces * 0.0001) * (3 if slow else 1)

    assert Machine(seconds).best() == 64


def test_load_during_all_repeats_of_one_size_does_not_end_the_search() -> None:
    calls: dict[int, int] = {}

    def seconds(faces: int) -> float:
        calls[faces] = calls.get(faces, 0) + 1
        slow = faces == 4 and calls[faces] <= 1 + REPEATS
        return (0.001 + faces * 0.0001) * (3 if slow else 1)

    assert Machine(seconds).best() == 64


def test_slow_machine_stops_when_the_time_is_used_up() -> None:
    machine = Machine(lambda faces: 0.1 + faces * 0.01)
    machine.best()
    assert machine.tried == [1, 2, 4]
    assert machine.now_s > BUDGET_S


def test_very_slow_machine_still_measures_one_size() -> None:
    machine = Machine(lambda _: 60.0)
    assert machine.best() == 1
    assert machine.tried == [1]


@pytest.mark.parametrize(("largest", "tried"), [(1, [1]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_nothing_beyond_the_largest_is_tried_and_it_itself_is(
    largest: int, tried: list[int]
) -> None:
    machine = Machine(lambda faces: 0.001 + faces * 0.0001)
    assert machine.best(largest) == largest
    assert machine.tried == tried


def test_all_sizes_up_to_a_given_one_are_compiled_whether_they_gain_or_not() -> None:
    machine = Machine(lambda faces: faces * 0.01)
    machine.best(8)
    assert machine.tried == [1, 2, 4, 8]


def test_the_table_of_what_was_measured_is_for_those_who_look_for_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        Machine(lambda faces: faces * 0.001).best()
    assert [record.levelname for record in caplog.records] == ["DEBUG"]
