"""The one address at which all processes meet."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

from common.errors import ConfigError
from common.private_directory import make_private_directory

DEFAULT_ENDPOINT = "ipc://default"
"""Stands for a socket in this user's private directory, see ``resolve_endpoint``."""

MAX_IPC_PATH_BYTES = 103  # sun_path holds 104 bytes on macOS, 108 on Linux, with a closing zero

_SAME_HOST = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104
"""Where a broker on all addresses is to be found by those beside it."""
_TCP = re.compile(r"tcp://(\*|[^\s:/]+|\[[0-9a-fA-F:]+\]):(\d{1,5})")


def parse_endpoint(text: str) -> str:
    """Accept ``ipc:///absolute/path`` or ``tcp://host:port``; raise ``ValueError`` otherwise."""
    if text == DEFAULT_ENDPOINT:
        return text
    tcp = _TCP.fullmatch(text)
    if tcp and 0 < int(tcp.group(2)) < 65536:
        return text
    path = text.removeprefix("ipc://")
    fits = len(os.fsencode(path)) <= MAX_IPC_PATH_BYTES and not path.endswith("/")
    if text.startswith("ipc:///") and fits:
        return text
    raise ValueError(
        f"tcp://host:port or ipc:///path of at most {MAX_IPC_PATH_BYTES} bytes, "
        f"or {DEFAULT_ENDPOINT}"
    )


def resolve_endpoint(endpoint: str) -> str:
    """Turn the default into the path of a socket in a directory that only this user can enter.

    Raises:
        ConfigError: The directory exists and belongs to, or is open to, somebody else.
    """
    if endpoint != DEFAULT_ENDPOINT:
        return endpoint
    return f"ipc://{private_directory() / 'broker.ipc'}"


def connect_address(endpoint: str) -> str:
    """Return where a peer connects to; a broker on all interfaces is also on this host."""
    for everywhere, here in _SAME_HOST.items():
        endpoint = endpoint.replace(f"tcp://{everywhere}:", f"tcp://{here}:")
    return endpoint


def leaves_this_machine(endpoint: str) -> bool:
    """Return whether others than this machine can be at the other end of an address.

    That is told by what the name stands for: ``127.1`` and ``localhost`` are this machine, ``*``
    and a name that stands for nothing are not.
    """
    tcp = _TCP.fullmatch(endpoint)
    if tcp is None:
        return False
    import ipaddress  # noqa: PLC0415 - only for who is on tcp

    try:
        found = socket.getaddrinfo(tcp.group(1).strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return True
    return not all(ipaddress.ip_address(address[0]).is_loopback for *_, address in found)


def private_directory() -> Path:
    """Return this user's directory for sockets, made with mode 0700 where it does not exist."""
    import tempfile  # noqa: PLC0415 - supervisors read settings, but need no directory

    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    path = Path(base) / f"ferstream-{os.getuid()}"
    try:
        is_private = make_private_directory(path)
    except OSError as error:
        raise ConfigError(
            f"BROKER_ENDPOINT={DEFAULT_ENDPOINT}: cannot make {path} ({error.strerror}); "
            "set BROKER_ENDPOINT to an ipc:// path of your own"
        ) from error
    if not is_private:
        raise ConfigError(
            f"BROKER_ENDPOINT={DEFAULT_ENDPOINT}: {path} is not a directory private to you; "
            "remove it or set BROKER_ENDPOINT to an ipc:// path of your own"
        )
    return path
