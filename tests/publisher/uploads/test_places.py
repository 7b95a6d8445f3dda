"""Places that clients share."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from publisher.uploads.places import SharedPlaces
from tests.support.waiting import DEADLINE_S

AT_ONCE = 0.0


def test_one_client_cannot_take_all_places() -> None:
    places = SharedPlaces(3, 2)
    assert [places.take("a", AT_ONCE) for _ in range(3)] == [True, True, False]
    assert places.take("b", AT_ONCE)
    assert not places.take("c", AT_ONCE)
    places.give_back("a")
    assert places.take("c", AT_ONCE)


def test_place_that_is_given_back_goes_to_who_waits_for_it() -> None:
    places = SharedPlaces(1, 1)
    assert places.take("a", AT_ONCE)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(places.take, "b", time.monotonic() + DEADLINE_S)
        places.give_back("a")
        assert waiting.result()
    assert not places.take("a", time.monotonic() + 0.01)
