"""Pictures and those who wait for them."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest

from publisher.drawing.look import Look
from publisher.live.encoded_frame import EncodedFrame
from publisher.live.hub import PictureHub, TooManyViewersError


def picture(text: str) -> EncodedFrame:
    return EncodedFrame(lambda _look: text.encode())


def test_a_viewer_gets_the_newest_and_nothing_twice() -> None:
    hub = PictureHub(2)
    viewer = hub.admit("cam", Look())
    for text in "abc":
        hub.put_picture("cam", picture(text))
    hub.put_picture("other", picture("x"))
    assert viewer.next_picture(1) == b"c"
    assert viewer.next_picture(0.01) is None


def test_a_viewer_who_is_slow_keeps_no_pixels() -> None:
    hub = PictureHub(2)
    viewer = hub.admit("cam", Look())
    first = picture("a")
    kept = weakref.ref(first)
    hub.put_picture("cam", first)
    assert viewer.next_picture(1) == b"a"
    hub.put_picture("cam", picture("b"))
    del first
    gc.collect()
    assert kept() is None


def test_a_waiting_viewer_is_woken() -> None:
    hub = PictureHub(2)
    viewer = hub.admit("cam", Look())
    timer = threading.Timer(0.05, hub.put_picture, ("cam", picture("a")))
    timer.start()
    started_s = time.monotonic()
    assert viewer.next_picture(5) is not None
    assert time.monotonic() - started_s < 2
    timer.join()


def test_a_viewer_can_wait_for_what_is_not_there_yet() -> None:
    hub = PictureHub(2)
    hub.put_picture("cam", picture("old"))
    viewer = hub.admit("cam", Look())
    viewer.skip_present()
    assert viewer.next_picture(0.01) is None
    hub.put_picture("cam", picture("new"))
    assert viewer.next_picture(1) == b"new"


def test_a_picture_is_made_once_a_look_and_only_if_wanted() -> None:
    made: list[Look] = []

    def make(look: Look) -> bytes:
        made.append(look)
        return b"blurred" if look.blurred else b"clear"

    lazy, blurred = EncodedFrame(make), Look(blurred=True)
    assert not made
    assert [lazy.jpeg(look) for look in (Look(), blurred, Look())] == [
        b"clear",
        b"blurred",
        b"clear",
    ]
    assert made == [Look(), blurred]


def test_each_viewer_gets_the_look_of_his_choice() -> None:
    hub = PictureHub(3)
    looks = (Look(), Look(boxes=False), Look(boxes=False))
    viewers = [hub.admit("cam", look) for look in looks]
    assert hub.looks_of("cam") == {Look(), Look(boxes=False)}
    hub.put_picture("cam", EncodedFrame(lambda look: repr(look).encode()))
    assert [viewer.next_picture(1) for viewer in viewers] == [repr(k).encode() for k in looks]
    viewers[1].leave()
    assert (hub.viewers_of("cam"), len(hub.looks_of("cam"))) == (2, 2)
    viewers[2].leave()
    assert hub.looks_of("cam") == {Look()}


def test_the_cap_holds_and_places_return() -> None:
    hub = PictureHub(2)
    first, _ = hub.admit("cam", Look()), hub.admit(None, Look())
    with pytest.raises(TooManyViewersError):
        hub.admit("cam", Look())
    first.leave()
    first.leave()
    assert (hub.viewers, hub.viewers_of("cam")) == (1, 0)
    hub.admit("cam", Look())


def test_a_tab_is_one_viewer_whatever_it_shows() -> None:
    hub = PictureHub(4)
    tab = [hub.admit("hall", Look(), "a"), hub.admit("door", Look(boxes=False), "a")]
    again, other = hub.admit("hall", Look(boxes=False), "a"), hub.admit("hall", Look())
    assert (hub.viewers, hub.viewers_of("hall"), hub.viewers_of("door")) == (2, 2, 1)
    with pytest.raises(TooManyViewersError):
        hub.admit("hall", Look(), "a")
    tab[0].leave()
    assert (hub.viewers, hub.viewers_of("hall")) == (2, 2)
    other.leave()
    again.leave()
    assert (hub.viewers, hub.viewers_of("hall"), hub.looks_of("hall")) == (1, 0, set())
    tab[1].leave()
    assert hub.viewers == 0


def test_closing_ends_the_waiting_and_lets_nobody_in() -> None:
    hub = PictureHub(2)
    viewer = hub.admit("cam", Look())
    timer = threading.Timer(0.05, hub.close)
    timer.start()
    assert viewer.next_picture(5) is None
    assert hub.closed
    with pytest.raises(TooManyViewersError):
        hub.admit("cam", Look())
    timer.join()


def test_the_last_viewer_can_be_awaited() -> None:
    hub = PictureHub(2)
    viewer = hub.admit("cam", Look())
    assert not hub.wait_until_empty(0.01)
    viewer.leave()
    assert hub.wait_until_empty(0.01)
