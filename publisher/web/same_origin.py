"""Whether a request comes from a page of this server, or from no page at all."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request
from werkzeug.exceptions import Forbidden


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
