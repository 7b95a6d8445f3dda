"""Rates and ages."""

from __future__ import annotations

import pytest
from msgspec import structs

from common.contract import Role
from common.messages import FrameTimes, PeerStatus
from publisher.live.figures import BUCKETS_S, CameraFigures, Latencies, WorkerRates, divide_age
from tests.publisher.faces_and_frames import published
from tests.publisher.material import frame


def fill(figures: CameraFigures, count: int, interval_s: float, start_s: float = 100.0) -> float:
    """Publish frames that are 20 ms old; gives the time of the last."""
    at_s = start_s
    for number in range(count):
        at_s = start_s + number * interval_s
        figures.add_frame(published(number), {"total": 20.0}, at_s)
    return at_s


@pytest.mark.parametrize("fps", [0.5, 7, 30, 200])
def test_the_rate_is_that_of_the_camera(fps: float) -> None:
    figures = CameraFigures()
    last_s = fill(figures, int(fps * 12), 1 / fps)
    assert figures.fps(last_s) == pytest.approx(fps, rel=0.01)
    assert figures.fps(last_s + 0.5 / fps) == pytest.approx(fps, rel=0.01)


def test_a_camera_that_stops_falls_to_nothing() -> None:
    figures = CameraFigures()
    last_s = fill(figures, 50, 0.04)
    rates = [figures.fps(last_s + quiet_s) for quiet_s in (0, 1, 2, 4, 6)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == 0


def test_ages_are_of_the_last_frames() -> None:
    figures = CameraFigures()
    assert figures.ages_ms() == {}
    fill(figures, 400, 0.04)
    assert figures.ages_ms() == {"total": (20, 20, 20)}


def test_the_age_of_a_frame_that_brought_its_pixels_is_not_known() -> None:
    assert divide_age(structs.replace(frame(1), picture=b"x"), FrameTimes(), 10**9) == {}


def test_stages_share_the_age_without_gap_or_overlap() -> None:
    times = FrameTimes(2_000_000, 5_000_000, 9_000_000, 14_000_000, 20_000_000)
    source = structs.replace(frame(1), captured_mono_ns=1_000_000)
    ages = divide_age(source, times, 30_000_000)
    assert list(ages.values()) == [1, 3, 4, 5, 6, 10, 29]


def test_a_stage_that_a_frame_never_reached_takes_no_time() -> None:
    source = structs.replace(frame(1), captured_mono_ns=0)
    ages = divide_age(source, FrameTimes(1_000_000, 0, 0, 0, 4_000_000), 5_000_000)
    assert ages == {"capture": 1, "order": 3, "publishing": 1, "total": 5}


def test_percentiles_are_values_that_occurred() -> None:
    figures = CameraFigures()
    for age_ms in range(100, 0, -1):
        figures.add_frame(published(1), {"total": age_ms}, 1.0)
    assert figures.ages_ms() == {"total": (50, 95, 99)}


def test_a_latency_is_counted_in_the_narrowest_bucket_that_holds_it() -> None:
    latencies = Latencies()
    for ms in (0.5, 1.0, 1.5, 20_000.0):
        latencies.observe("cam", {"detection": ms, "total": 2 * ms})
    histogram = latencies.histograms()["cam", "detection"]
    assert histogram.counts == (2, 1, *[0] * (len(BUCKETS_S) - 2), 1)
    assert histogram.sum_s == pytest.approx(20.003)
    latencies.forget("cam")
    assert latencies.histograms() == {}


def test_workers_rates_come_from_their_counters() -> None:
    rates = WorkerRates()
    for step in range(30):
        peers = [PeerStatus(Role.DETECTOR, "a", step * 5, 0.0, 0)]
        rates.add_peers(peers, 100 + step * 0.25)
    assert rates.rate(peers[0]) == pytest.approx(20)
    assert rates.rate(PeerStatus(Role.DETECTOR, "b", 9, 0.0, 0)) == 0
