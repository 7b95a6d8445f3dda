"""A publisher that asks for tokens, and what browsers and programs send it."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from tests.publisher.material import Rig

LOOK, DO = "look-look-look-look", "do_do_do_do_do_do_do"
WRONG = "wrong-wrong-wrong"
EVERYWHERE = "0.0.0.0"  # noqa: S104


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token_file(folder: Path) -> Path:
    path = folder / "tokens"
    path.write_text(f"viewer {LOOK}\noperator {DO}\n")
    path.chmod(0o600)
    return path


def asked_in_the_raw(running: Rig, request: str) -> str:
    """Send what no library would, or read what none shows; return all that comes back."""
    with socket.create_connection(("127.0.0.1", running.server.port), 30) as client:
        client.sendall(request.replace("\n", "\r\n").encode("latin-1"))
        return b"".join(iter(lambda: client.recv(65536), b"")).decode("latin-1")


def signed_in(running: Rig, token: str) -> str:
    """Open the link that holds a token; return the cookie that is kept."""
    answer = asked_in_the_raw(running, f"GET /login?token={token} HTTP/1.0\n\n")
    assert answer.startswith("HTTP/1.0 303")
    found = re.search(r"Set-Cookie: ([^;]+);", answer)
    assert found, answer
    return found[1]
