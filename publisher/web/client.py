"""Whom an address counts as, where each client has a share."""

from __future__ import annotations

import ipaddress

IPV6_PREFIX = 64
"""Whoever has one address of such a network has all of them."""


def client_of(address: str) -> str:
    """Return what an address is counted as."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), IPV6_PREFIX), strict=False))
