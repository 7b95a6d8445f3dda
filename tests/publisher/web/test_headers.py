"""What every answer tells browsers."""

from __future__ import annotations

import pytest

from tests.publisher.asking import get
from tests.publisher.guarded import (
    LOOK,
    asked_in_the_raw,
    bearer,
)
from tests.publisher.material import Rig


def test_no_other_site_may_read(guarded: Rig) -> None:
    headers = {"Origin": "http://evil.example", **bearer(LOOK)}
    for method in ("GET", "OPTIONS"):
        found = asked_in_the_raw(
            guarded,
            f"{method} /api/status HTTP/1.0\nHost: localhost\n"
            + "".join(f"{name}: {value}\n" for name, value in headers.items())
            + "Access-Control-Request-Method: POST\n\n",
        )
        assert found.startswith("HTTP/1.0 200")
        assert "access-control" not in found.lower()


@pytest.mark.parametrize("path", ["/", "/api/status", "/static/page.css", "/nothing", "/login"])
def test_every_answer_has_the_headers_that_protect_it(guarded: Rig, path: str) -> None:
    for headers in ({}, bearer(LOOK)):
        found = get(guarded, path, **headers).headers
        policy = found["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert found["X-Content-Type-Options"] == "nosniff"
        assert found["X-Frame-Options"] == "DENY"
        assert found["Referrer-Policy"] == "same-origin"
        assert found["Cross-Origin-Resource-Policy"] == "same-site"
        assert "camera=()" in found["Permissions-Policy"]
        assert found["Server"] == "ferstream"
        assert found["Strict-Transport-Security"] is None  # plain http
        assert (found["Cache-Control"] == "no-store") is not path.startswith("/static")
