"""Images on their way: sent once, answered once, sent again to a broker that forgot them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.contract import Outcome
from publisher.uploads import pending
from publisher.uploads.pending import PendingImages
from publisher.uploads.upload import TravellingImage
from tests.publisher.uploading import answer_to
from tests.support.waiting import DEADLINE_S

IMAGE = TravellingImage(48, 64, b"jpeg")
SOON_S = 0.0
"""Long ago: who has to wait for room is told that there is none."""


def test_each_image_has_a_number_of_its_own_and_is_sent_once() -> None:
    requests = PendingImages()
    requests.submit(IMAGE, SOON_S)
    requests.submit(IMAGE, SOON_S)
    first, second = requests.unsent()
    assert first.request_id != second.request_id
    assert (first.height, first.width, first.picture) == (48, 64, b"jpeg")
    requests.mark_sent(first)
    assert requests.unsent() == [second]


def test_answer_reaches_who_waits_for_it_and_nobody_else() -> None:
    requests = PendingImages()
    one, other = requests.submit(IMAGE, SOON_S), requests.submit(IMAGE, SOON_S)
    _, second = requests.unsent()
    requests.take_answer(answer_to(second))
    assert other.result(0).outcome is Outcome.ANALYZED
    assert not one.done()


def test_what_is_not_answered_is_sent_again_in_order() -> None:
    requests = PendingImages()
    for _ in range(3):
        requests.submit(IMAGE, SOON_S)
    first, second, third = requests.unsent()
    for message in (first, second, third):
        requests.mark_sent(message)
    requests.take_answer(answer_to(second))
    requests.send_again()
    assert requests.unsent() == [first, third]


def test_forgotten_image_is_neither_sent_nor_answered() -> None:
    requests = PendingImages()
    forgotten = requests.submit(IMAGE, SOON_S)
    (message,) = requests.unsent()
    requests.forget(forgotten)
    requests.send_again()
    requests.take_answer(answer_to(message))
    assert requests.unsent() == []
    assert not forgotten.done()


def test_at_the_end_everybody_is_told_also_who_comes_later() -> None:
    requests = PendingImages()
    waiting = requests.submit(IMAGE, SOON_S)
    requests.close()
    assert waiting.result(0).outcome is Outcome.REFUSED
    assert requests.submit(IMAGE, SOON_S).result(0).outcome is Outcome.REFUSED
    assert requests.unsent() == []


def test_more_than_fits_waits_until_one_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "MAX_HELD_BYTES", 7)
    requests = PendingImages()
    first = requests.submit(IMAGE, SOON_S)
    with pytest.raises(TimeoutError):
        requests.submit(IMAGE, SOON_S)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(requests.submit, IMAGE, time.monotonic() + DEADLINE_S)
        (message,) = requests.unsent()
        requests.take_answer(answer_to(message))
        second = waiting.result(DEADLINE_S)
    assert first.done()
    assert not second.done()
    assert len(requests.unsent()) == 1


def test_one_image_alone_may_be_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "MAX_HELD_BYTES", 3)
    requests = PendingImages()
    requests.submit(IMAGE, SOON_S)
    assert len(requests.unsent()) == 1
