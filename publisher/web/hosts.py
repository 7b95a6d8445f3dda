"""The address that the server is bound to, and the names it answers to."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([\w.-]*))(?::\d*)?", re.ASCII)
_OUTSIDE = "192.0.2.1"
"""An address of nobody (RFC 5737). A datagram socket is told it and sends nothing."""


def is_loopback(address: str) -> bool:
    """Return whether only this machine reaches a bound address."""
    ip = _ip(address)
    return ip is not None and ip.is_loopback


def shown_host(address: str) -> str:
    """Return what to open the page by: a host as it stands in an address.

    Args:
        address: What the server is bound to. Where that is every address of this machine, the one
            is shown by which it would send to the world.
    """
    ip = _ip(address)
    if ip is None:
        return address
    if str(ip) in ("127.0.0.1", "::1"):
        return "localhost"
    if ip.is_unspecified:
        return _outward_address()
    return f"[{ip}]" if ip.version == 6 else str(ip)


class AllowedHosts:
    """Tells the names of this server from those that another site has pointed here.

    Such a site's pages would count as of the same origin and could read what is shown. An address
    cannot be pointed elsewhere: beyond loopback every one is taken, for a router or a container may
    have given the machine others than it knows.

    Args:
        address: What the server is bound to.
        names: Those the user gave.
    """

    def __init__(self, address: str, names: Iterable[str]) -> None:
        self._beyond_loopback = not is_loopback(address)
        self._names = {"localhost", *(name.lower().rstrip(".") for name in names)}
        if self._beyond_loopback:
            own = socket.gethostname().lower()
            self._names |= {own, own.partition(".")[0], f"{own.partition('.')[0]}.local"}

    def allow(self, host: str) -> bool:
        """Return whether a ``Host`` header names this server, or is empty as that of no browser."""
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return False
        name = found[1] or found[2].rstrip(".")
        if not name or name in self._names:
            return True
        ip = _ip(name)
        return ip is not None and (self._beyond_loopback or ip.is_loopback)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip


def _outward_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_OUTSIDE, 9))
        except OSError:  # no network
            return socket.gethostname()
        return str(probe.getsockname()[0])
