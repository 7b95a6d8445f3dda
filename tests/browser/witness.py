"""Watches a page for what must not happen on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request

LOCAL_SCHEMES = ("blob", "data")  # never leave the browser
ABORTED = "net::ERR_ABORTED"  # the page itself, or the browser that leaves it, ended a stream
OUTAGE = re.compile(
    "net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING)"
)


class Witness:
    """Notes console errors, errors of scripts, failed requests, and requests to other servers.

    Attributes:
        requests: Every address the page asked for.
        findings: What went wrong, in words.
    """

    def __init__(self, page: Page, host: str) -> None:
        self.requests: list[str] = []
        self.findings: list[str] = []
        self._page = page
        self._host = host
        page.on("request", self._on_request)
        page.on("requestfailed", self._on_failed)
        page.on("console", self._on_console)
        page.on("pageerror", self._on_page_error)

    @contextmanager
    def forgiving(self, expected: re.Pattern[str]) -> Iterator[None]:
        """Take findings that ``expected`` is found in for part of the test."""
        before = len(self.findings)
        yield
        self.settle()
        since = [finding for finding in self.findings[before:] if not expected.search(finding)]
        self.findings[before:] = since

    def asked(self, path: str) -> list[str]:
        """Return the addresses under ``path`` that the page asked for."""
        return [url for url in self.requests if urlsplit(url).path.startswith(path)]

    def settle(self) -> None:
        """Let the browser tell what it has still to tell."""
        self._page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        self.requests.append(request.url)
        if address.scheme not in LOCAL_SCHEMES and address.netloc != self._host:
            self.findings.append(f"a request left for {request.url}")

    def _on_failed(self, request: Request) -> None:
        if request.failure != ABORTED:
            self.findings.append(f"{request.url} failed: {request.failure}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.findings.append(f"console {message.type}: {message.text}")

    def _on_page_error(self, error: Error) -> None:
        self.findings.append(f"script error: {error}")
