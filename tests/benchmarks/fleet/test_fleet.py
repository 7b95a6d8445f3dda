"""Tests of the simulation of fleets: its sums, and that a seed says all."""

from __future__ import annotations

import pytest

from benchmarks.fleet.assumptions import HOURS_A_YEAR, Assumptions
from benchmarks.fleet.faults import Fault, Year, moves, simulate_year, update_s
from benchmarks.fleet.size import fleet_of
from benchmarks.fleet.storm import worst_second
from capture.camera_feed import JITTER

GIVEN = Assumptions()


def test_every_camera_has_a_cell() -> None:
    fleet = fleet_of(1_000, GIVEN)
    assert len(fleet.loads) == 63
    assert sum(fleet.loads) == 1_000
    assert fleet.fullest == max(fleet.loads)


def test_needs_follow_from_what_is_given() -> None:
    given = Assumptions(fps=10, cpu_ms=20, request_cores=4, node_cores=15, limit_cores=2)
    fleet = fleet_of(320, given)
    assert fleet.cores == pytest.approx(320 * 0.2)
    assert fleet.cells_a_node == 3
    assert fleet.nodes == 8, "20 cells on 7, and one to spare"
    assert fleet.too_full == sum(load > 10 for load in fleet.loads)


def test_a_year_follows_from_its_seed() -> None:
    fleet = fleet_of(100, GIVEN)
    assert simulate_year(fleet, 1) == simulate_year(fleet, 1)
    assert simulate_year(fleet, 1) != simulate_year(fleet, 2)


def test_faults_come_as_often_as_is_given() -> None:
    fleet = fleet_of(1_000, GIVEN)
    year = simulate_year(fleet, 1)
    assert year.count("capture") == pytest.approx(12_000, rel=0.05)
    assert year.count("update") == 12 * len(fleet.loads)
    assert year.lost_s("capture") == pytest.approx(12 * GIVEN.capture_back_s, rel=0.05)


def test_without_faults_every_camera_is_seen_all_the_time() -> None:
    given = Assumptions(capture_deaths=0, cell_deaths=0, node_deaths=0, updates=0)
    year = simulate_year(fleet_of(100, given), 1)
    assert year.faults == ()
    assert (year.seen, year.most_at_once) == (1, 0)


def test_what_is_away_at_once_is_added_up() -> None:
    fleet = fleet_of(10, GIVEN)
    faults = (Fault("cell", 0, 10, 4), Fault("cell", 5, 10, 3), Fault("cell", 12, 1, 2))
    year = Year(fleet, faults)
    assert year.most_at_once == 7
    assert year.seen == 1 - (40 + 30 + 2) / 10 / (HOURS_A_YEAR * 3600)


def test_an_update_takes_one_cell_after_another() -> None:
    fleet = fleet_of(1_000, GIVEN)
    assert update_s(fleet) == len(fleet.loads) * GIVEN.container_back_s


def test_a_growing_fleet_moves_each_camera_a_few_times() -> None:
    moved, gap_s = moves(GIVEN, range(10, 100), 1)
    assert moved == pytest.approx(2.3, abs=0.1), "the logarithm of ten"
    assert 10 < gap_s < 30


def test_jitter_spreads_what_was_lost_together() -> None:
    assert worst_second(1_000, (1.0, 1.0), 1) == 1_000
    assert worst_second(1_000, JITTER, 1) < 200
