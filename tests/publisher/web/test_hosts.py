"""Which names are this server's."""

from __future__ import annotations

import socket

import pytest

from publisher.web.hosts import AllowedHosts, is_loopback, shown_host


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.5.6.7", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("192.168.1.5", False),
        ("fe80::1%eth0", False),
    ],
)
def test_loopback_is_told_by_address(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("127.0.0.1", "localhost"),
        ("::1", "localhost"),
        ("127.0.0.2", "127.0.0.2"),
        ("192.168.1.5", "192.168.1.5"),
        ("2001:db8::5", "[2001:db8::5]"),
    ],
)
def test_page_is_opened_by_the_address_it_is_bound_to(address: str, shown: str) -> None:
    assert shown_host(address) == shown


def test_of_all_addresses_one_is_shown_that_others_can_reach() -> None:
    assert shown_host("0.0.0.0") not in ("", "0.0.0.0", "localhost")  # noqa: S104


LOOPBACK_NAMES = ["localhost", "LOCALHOST.:80", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000", ""]
FOREIGN_NAMES = [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example:5000",
    "localhost@evil.example",
    "evil.example:localhost",
    "[localhost]",
    "[]",
    "a b",
    "localhost:80:80",
    "\xff",
]


@pytest.mark.parametrize("host", LOOPBACK_NAMES)
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_names_of_loopback_are_taken_everywhere(address: str, host: str) -> None:
    assert AllowedHosts(address, ()).allow(host)


@pytest.mark.parametrize("host", FOREIGN_NAMES)
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_foreign_names_are_taken_nowhere(address: str, host: str) -> None:
    assert not AllowedHosts(address, ()).allow(host)


def test_other_addresses_and_the_machines_name_are_taken_beyond_loopback() -> None:
    for host in ("192.168.1.5:5000", "[2001:db8::5]", socket.gethostname()):
        assert AllowedHosts("0.0.0.0", ()).allow(host)  # noqa: S104
    assert not AllowedHosts("127.0.0.1", ()).allow("192.168.1.5:5000")


def test_names_that_are_given_are_taken() -> None:
    hosts = AllowedHosts("127.0.0.1", ("Cam.example", "192.168.1.5"))
    assert hosts.allow("cam.EXAMPLE:443")
    assert hosts.allow("192.168.1.5")
    assert not hosts.allow("other.cam.example")
