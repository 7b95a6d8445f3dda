"""Answers that refuse a request, in words that say what to do."""

from __future__ import annotations

from collections.abc import Sequence

from werkzeug.exceptions import BadRequest, NotFound, ServiceUnavailable

RETRY_S = 5


def no_such_camera(camera: str, known: Sequence[str]) -> NotFound:
    """Say which cameras there are."""
    return NotFound(f"There is no camera {camera!r}; known are: {', '.join(known) or 'none yet'}.")


def bad_parameter(name: str, value: str, allowed: str) -> BadRequest:
    """Name the parameter, its value, and what is allowed."""
    return BadRequest(f"{name}={value}: expected {allowed}")


def unavailable(why: str, retry_s: int = RETRY_S) -> ServiceUnavailable:
    """Say why, and when to come again."""
    return ServiceUnavailable(why, retry_after=retry_s)


def too_many(who: str, most: int) -> ServiceUnavailable:
    """Say that the cap is reached."""
    return unavailable(
        f"{most} {who} and no more are let in (PUBLISHER_MAX_VIEWERS); try again later."
    )
