"""Pictures and those who wait for them."""

from __future__ import annotations

import threading
import time

import pytest

from publisher.hub import Picture, PictureHub, TooManyViewersError


def picture(text: str) -> Picture:
    return Picture(text.encode)


def test_a_viewer_gets_the_newest_and_nothing_twice() -> None:
    hub = PictureHub(2)
    viewer = hub.admit("cam")
    for text in "abc":
        hub.put("cam", picture(text))
    hub.put("other", picture("x"))
    found = viewer.next_picture(1)
    assert found is not None
    assert found.jpeg == b"c"
    assert viewer.next_picture(0.01) is None


def test_a_waiting_viewer_is_woken() -> None:
    hub = PictureHub(2)
    viewer = hub.admit("cam")
    timer = threading.Timer(0.05, hub.put, ("cam", picture("a")))
    timer.start()
    started_s = time.monotonic()
    assert viewer.next_picture(5) is not None
    assert time.monotonic() - started_s < 2
    timer.join()


def test_a_viewer_can_wait_for_what_is_not_there_yet() -> None:
    hub = PictureHub(2)
    hub.put("cam", picture("old"))
    viewer = hub.admit("cam")
    viewer.skip_present()
    assert viewer.next_picture(0.01) is None
    hub.put("cam", picture("new"))
    found = viewer.next_picture(1)
    assert found is not None
    assert found.jpeg == b"new"


def test_a_picture_is_made_once_and_only_if_wanted() -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"jpeg"

    lazy = Picture(make)
    assert not made
    assert (lazy.jpeg, lazy.jpeg, len(made)) == (b"jpeg", b"jpeg", 1)


def test_the_cap_holds_and_places_return() -> None:
    hub = PictureHub(2)
    first, _ = hub.admit("cam"), hub.admit(None)
    with pytest.raises(TooManyViewersError):
        hub.admit("cam")
    first.leave()
    first.leave()
    assert (hub.viewers, hub.viewers_of("cam")) == (1, 0)
    hub.admit("cam")


def test_closing_ends_the_waiting_and_lets_nobody_in() -> None:
    hub = PictureHub(2)
    viewer = hub.admit("cam")
    timer = threading.Timer(0.05, hub.close)
    timer.start()
    assert viewer.next_picture(5) is None
    assert hub.closed
    with pytest.raises(TooManyViewersError):
        hub.admit("cam")
    timer.join()


def test_the_last_viewer_can_be_awaited() -> None:
    hub = PictureHub(2)
    viewer = hub.admit("cam")
    assert not hub.wait_until_empty(0.01)
    viewer.leave()
    assert hub.wait_until_empty(0.01)
