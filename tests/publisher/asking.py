"""Requests to a publisher as a program sends them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from email.message import Message
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from typing import Any, NamedTuple

from tests.publisher.material import Rig

PATIENCE_S = 30.0


class Reply(NamedTuple):
    """What came back."""

    code: int
    headers: Message
    body: bytes


class From(urllib.request.HTTPHandler):
    """Sends from an address of this machine, such as 127.0.0.2."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._connection = partial(HTTPConnection, source_address=(address, 0))

    def http_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._connection, request)


def send(request: urllib.request.Request, *handlers: urllib.request.BaseHandler) -> Reply:
    """Send a request and return the reply, whatever its code."""
    try:
        opener = urllib.request.build_opener(*handlers)
        with opener.open(request, timeout=PATIENCE_S) as answer:
            return Reply(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.headers, error.read())


def get(running: Rig, path: str, **headers: str) -> Reply:
    return send(urllib.request.Request(running.url + path, headers=headers))


def get_json(running: Rig, path: str) -> tuple[int, dict[str, Any]]:
    code, headers, body = get(running, path)
    assert headers["Content-Type"] == "application/json"
    found = json.loads(body)
    assert isinstance(found, dict)
    return code, found


def ask_for_head(running: Rig, path: str) -> int:
    """Ask for a reply without its body and return the code."""
    return send(urllib.request.Request(running.url + path, method="HEAD")).code
