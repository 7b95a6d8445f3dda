"""Who may come in, decided when the publisher starts: everybody, or who has a token."""

from __future__ import annotations

import os
from dataclasses import dataclass

from publisher.config import SECRET, PublisherConfig
from publisher.web.hosts import AllowedHosts, is_loopback
from publisher.web.tokens import Right, Tokens, made_tokens, read_tokens

SIGN_IN_PATH = "/login"


@dataclass(frozen=True, slots=True)
class Entry:
    """How to come in.

    Attributes:
        hosts: The names this server answers to.
        tokens: What is asked for; None where whoever reaches this server may do everything.
        invitation: Lines for who starts the publisher: what to open. The first has no token in it.
    """

    hosts: AllowedHosts
    tokens: Tokens | None
    invitation: tuple[str, ...]


def make_entry(config: PublisherConfig, address: str, url: str) -> Entry:
    """Decide who may come in.

    Args:
        config: The settings.
        address: What the server is bound to.
        url: How it is opened.

    Raises:
        ConfigError: The file of tokens cannot be used.
    """
    hosts = AllowedHosts(address, (config.host, *(config.hosts or ())))
    watch = f"watch at {url}"
    if not is_loopback(address):
        watch += ": everybody on the network reaches this address, and is asked for a token"
    if config.token_file is not None:
        file = read_tokens(config.token_file)
        tokens = Tokens(file.rights, file.secret or _secret())
        return Entry(hosts, tokens, (f"{watch}; tokens are those of {config.token_file}",))
    if is_loopback(address):
        return Entry(hosts, None, (watch,))
    secret = _secret()
    made = made_tokens(secret)
    link = f"{url}{SIGN_IN_PATH}?token="
    return Entry(
        hosts,
        Tokens([(token, right) for right, token in made.items()], secret),
        (
            watch,
            f"who is only to look opens {link}{made[Right.VIEWER]}",
            f"who may also upload images opens {link}{made[Right.OPERATOR]}",
        ),
    )


def _secret() -> bytes:
    """Return the secret that the supervisor has given, or a new one where there is none."""
    return bytes.fromhex(os.environ.pop(SECRET, "")) or os.urandom(32)
