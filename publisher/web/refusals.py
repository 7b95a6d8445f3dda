"""Answers that refuse a request, in words that say what to do."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Request
from werkzeug.exceptions import Forbidden, NotFound, ServiceUnavailable

RETRY_S = 5


def refuse_unknown(camera: str, known: Sequence[str]) -> None:
    """Let only cameras be asked for that there are.

    Raises:
        NotFound: There is no such camera; says which there are.
    """
    if camera not in known:
        names = ", ".join(known) or "none yet"
        raise NotFound(f"There is no camera {camera!r}; known are: {names}.")


def refuse_other_sites(request: Request) -> None:
    """Let no page of another site make its visitor's browser send this.

    A form or script of any page may post a file anywhere without asking first. Browsers say where
    such a request comes from: in ``Sec-Fetch-Site``, older ones in ``Origin``. Programs say
    neither.

    Raises:
        Forbidden: It comes from a page of another origin.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        own = origin is None or urlsplit(origin).netloc == request.host
    if not own:
        raise Forbidden("Pages of other sites may not send this; open the page of this server.")


def too_many(streams: str, most: int) -> ServiceUnavailable:
    """Say that the cap is reached."""
    return ServiceUnavailable(
        f"As many {streams} are open as may be, {most} (PUBLISHER_MAX_VIEWERS); try again later.",
        retry_after=RETRY_S,
    )
