"""Who may stay connected and who gives way, without a connection."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from publisher.web.connections import (
    GONE_AFTER_S,
    MAX_BODIES,
    MAX_BODY_BYTES,
    MAX_HELD_BYTES,
    PACE_BYTES_S,
    STEP_S,
    Position,
    Progress,
    Step,
    capped_client,
    first_to_go,
    too_many,
)


@dataclass(eq=False)
class Made:
    """A connection of which only its progress is known."""

    progress: Progress


def at(step: Step, since_s: float = 0.0, held_bytes: int = 0) -> Made:
    return Made(Progress(Position(step, 0, 0, held_bytes), since_s))


def noted(*positions: tuple[float, Position]) -> Progress:
    progress = Progress(since_s=0.0)
    for now_s, position in positions:
        progress.note(position, now_s)
    return progress


def test_a_head_has_its_time_however_its_bytes_come() -> None:
    dripping = noted(*((second, Position(Step.HEAD, 0, second, 0)) for second in range(10)))
    assert not dripping.is_overdue(STEP_S)
    assert dripping.is_overdue(STEP_S + 0.1)


def test_the_next_request_has_its_own_time() -> None:
    progress = noted((8.0, Position(Step.HEAD, 1, 500, 0)))
    assert not progress.is_overdue(8.0 + STEP_S)
    assert progress.is_overdue(8.1 + STEP_S)


@pytest.mark.parametrize("step", [Step.BODY, Step.TAKING])
def test_a_body_and_an_answer_may_take_long_at_the_pace_and_no_longer(step: Step) -> None:
    for bytes_s, overdue in ((PACE_BYTES_S, False), (PACE_BYTES_S // 2, True)):
        seconds = range(1, 100)
        progress = noted(*((s, Position(step, 0, s * bytes_s, 1)) for s in seconds))
        assert progress.is_overdue(100.0) is overdue


@pytest.mark.parametrize("step", [Step.BODY, Step.TAKING])
def test_a_photograph_may_come_and_go_by_a_slow_phone_line(step: Step) -> None:
    bytes_s, photograph_bytes = 64_000 // 8, 3_000_000
    seconds = range(1, photograph_bytes // bytes_s)
    progress = Progress(since_s=0.0)
    for now_s in seconds:
        progress.note(Position(step, 0, now_s * bytes_s, 1), now_s)
        assert not progress.is_overdue(now_s)


def test_a_stream_may_be_slow_but_not_stand_still() -> None:
    slow = noted(*((second, Position(Step.ANSWERED, 0, second, 9)) for second in range(100)))
    assert not slow.is_overdue(99 + GONE_AFTER_S)
    stuck = noted(*((second, Position(Step.ANSWERED, 0, 7, 9)) for second in range(100)))
    assert stuck.is_overdue(99.0)
    idle = noted(*((second, Position(Step.ANSWERED, 0, 7, 0)) for second in range(100)))
    assert not idle.is_overdue(99.0)


def test_the_oldest_of_those_with_least_to_lose_goes_first() -> None:
    idle, older, body, taking = (
        at(Step.HEAD, 5.0),
        at(Step.HEAD, 4.0),
        at(Step.BODY, 1.0),
        at(Step.TAKING, 0.0),
    )
    stream = at(Step.ANSWERED, 0.0)
    order = [idle, stream, taking, body, older]
    for expected in (older, idle, body, taking, None):
        assert first_to_go(order) is expected
        order = [each for each in order if each is not expected]


def test_bodies_and_untaken_answers_are_bounded_slowest_first() -> None:
    def moving(step: Step, moved_bytes: int, held_bytes: int = 0) -> Made:
        return Made(noted((1.0, Position(step, 0, moved_bytes, held_bytes))))

    bodies = [moving(Step.BODY, 1000 * number) for number in range(MAX_BODIES + 3)]
    assert too_many(bodies, 2.0) == bodies[2::-1]
    half = MAX_BODY_BYTES // 2
    large = [moving(Step.BODY, 1000 * number, half) for number in range(4)]
    assert too_many(large, 2.0) == large[1::-1]
    third = MAX_HELD_BYTES // 3
    taking = [moving(Step.TAKING, 1000 * number, third) for number in range(5)]
    streams = [moving(Step.ANSWERED, 9000, third) for _ in range(5)]
    assert too_many([*taking, *streams], 2.0) == taking[1::-1]


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("127.0.0.1", None),
        ("127.9.9.9", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_client_is_an_address_or_an_ipv6_network_and_never_this_machine(
    address: str, client: str | None
) -> None:
    assert capped_client(address) == client
