"""Passwords in what is shown: in messages, in logs, on the command line."""

from __future__ import annotations

import re

_USER = re.compile(r"(?<=://).*@")
"""Up to the last @, as a password may hold one."""
_PARAMETERS = re.compile(r"(://[^\s?]*)\?\S*")
_SECRET_FIELD = re.compile(r"(pass|pwd|secret|token|key)\w*=", re.IGNORECASE)


def without_password(text: str) -> str:
    """Return a text as it may be shown: an address in it without user, password and parameters."""
    before, separator, address = text.partition("://")
    # Up to the last @ wherever it is: a password may hold what ends a host, or what is no address.
    user, at, address = address.rpartition("@")
    name, equals, _ = address.partition("=")  # cameras take passwords there, too
    return before + separator + ("***@" if user or at else "") + name + ("=***" if equals else "")


def without_passwords(line: str) -> str:
    """Return a line of words as it may be shown: the addresses in it without what is secret."""
    return _PARAMETERS.sub(r"\1?***", _USER.sub("***@", line))


def has_password(text: str) -> bool:
    """Return whether an address holds what looks like a password."""
    _, _, address = text.partition("://")
    user = address.rpartition("@")[0]
    return ":" in user or _SECRET_FIELD.search(address) is not None
