"""Tokens: who may look, and who may also have something done."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from common.contract import Word
from common.errors import ConfigError
from common.private_file import read_private

TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,200}")
"""Long enough not to be guessed, of letters that an address may hold as they are."""
TOKEN_BYTES = 16
SESSION_BYTES = 32
SESSIONS = "sessions"
ALLOWED = (
    "lines of `viewer TOKEN` or `operator TOKEN`, and where sessions are to hold at several "
    "publishers one of `sessions SECRET`, each being 16 to 200 letters, digits and . _ ~ - "
    "(`openssl rand -hex 20` makes one)"
)


class Right(Word):
    """What a token allows."""

    VIEWER = "viewer"
    """To look at everything."""
    OPERATOR = "operator"
    """To upload images as well, and whatever else changes or costs something."""


class Tokens:
    """The tokens there are, and the sessions that they open.

    A session is what a browser keeps instead of its token. It follows from token and secret, so it
    needs no memory, outlives a publisher that crashes, and opens nothing at another pipeline.

    Args:
        rights: What each token allows.
        secret: Known to this publisher and those that its supervisor starts in its place.
    """

    def __init__(self, rights: Iterable[tuple[str, Right]], secret: bytes) -> None:
        self._secret = secret
        self._sessions = [(self._session(token), right) for token, right in rights]

    def sign_in(self, token: str) -> str | None:
        """Return the session that a token opens; None where there is no such token."""
        session = self._session(token)
        return None if self.right_of(session) is None else session

    def right_of(self, session: str) -> Right | None:
        """Return what a session allows; None where there is no such session.

        It takes equally long whichever it is: all are compared, each in constant time.
        """
        given = session.encode(errors="replace")
        found = None
        for known, right in self._sessions:
            if hmac.compare_digest(known.encode(), given):
                found = right
        return found

    def _session(self, token: str) -> str:
        return _derived(self._secret, f"session of {token}", SESSION_BYTES)


def made_tokens(secret: bytes) -> dict[Right, str]:
    """Return one token for each right, always the same for the same secret."""
    return {right: _derived(secret, f"token of {right}", TOKEN_BYTES) for right in Right}


@dataclass(frozen=True, slots=True)
class TokenFile:
    """What a ``PUBLISHER_TOKEN_FILE`` holds.

    Attributes:
        rights: What each token allows.
        secret: What sessions are to follow from at all publishers that are given the same file:
            who signs in at one is let in by all. None where sessions are this publisher's own.
    """

    rights: list[tuple[str, Right]]
    secret: bytes | None


def read_tokens(path: Path) -> TokenFile:
    """Read a ``PUBLISHER_TOKEN_FILE``.

    Raises:
        ConfigError: It cannot be read, others can read it, or it holds something else; the
            tokens are not in the message.
    """
    text = read_private(path, "PUBLISHER_TOKEN_FILE", f"expected {ALLOWED}")
    rights: list[tuple[str, Right]] = []
    secrets: list[bytes] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) == 2 and TOKEN.fullmatch(words[1]):
            if words[0] in list(Right):
                rights.append((words[1], Right(words[0])))
                continue
            if words[0] == SESSIONS and not secrets:
                secrets.append(words[1].encode())
                continue
        raise ConfigError(f"PUBLISHER_TOKEN_FILE={path}, line {number}: expected {ALLOWED}")
    if not rights:
        raise ConfigError(f"PUBLISHER_TOKEN_FILE={path}: no token in it; expected {ALLOWED}")
    return TokenFile(rights, secrets[0] if secrets else None)


def _derived(secret: bytes, purpose: str, size: int) -> str:
    digest = hmac.digest(secret, purpose.encode(errors="replace"), "sha256")[:size]
    return urlsafe_b64encode(digest).decode().rstrip("=")
