"""Images on their way: sent once, answered once, sent again to a broker that forgot them."""

from __future__ import annotations

from common.contract import Outcome
from publisher.uploads.pending import PendingImages
from publisher.uploads.upload import TravellingImage
from tests.publisher.uploading import answer_to

IMAGE = TravellingImage(48, 64, b"jpeg")


def test_each_image_has_a_number_of_its_own_and_is_sent_once() -> None:
    requests = PendingImages()
    requests.submit(IMAGE)
    requests.submit(IMAGE)
    first, second = requests.unsent()
    assert first.request_id != second.request_id
    assert (first.height, first.width, first.jpeg) == (48, 64, b"jpeg")
    requests.mark_sent(first)
    assert requests.unsent() == [second]


def test_answer_reaches_who_waits_for_it_and_nobody_else() -> None:
    requests = PendingImages()
    one, other = requests.submit(IMAGE), requests.submit(IMAGE)
    _, second = requests.unsent()
    requests.take_answer(answer_to(second))
    assert other.result(0).outcome is Outcome.ANALYZED
    assert not one.done()


def test_what_is_not_answered_is_sent_again_in_order() -> None:
    requests = PendingImages()
    for _ in range(3):
        requests.submit(IMAGE)
    first, second, third = requests.unsent()
    for message in (first, second, third):
        requests.mark_sent(message)
    requests.take_answer(answer_to(second))
    requests.send_again()
    assert requests.unsent() == [first, third]


def test_forgotten_image_is_neither_sent_nor_answered() -> None:
    requests = PendingImages()
    forgotten = requests.submit(IMAGE)
    (message,) = requests.unsent()
    requests.forget(forgotten)
    requests.send_again()
    requests.take_answer(answer_to(message))
    assert requests.unsent() == []
    assert not forgotten.done()


def test_at_the_end_everybody_is_told_also_who_comes_later() -> None:
    requests = PendingImages()
    waiting = requests.submit(IMAGE)
    requests.close()
    assert waiting.result(0).outcome is Outcome.REFUSED
    assert requests.submit(IMAGE).result(0).outcome is Outcome.REFUSED
    assert requests.unsent() == []
