"""Whom an address counts as."""

from __future__ import annotations

import pytest

from publisher.web.client import client_of


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("unix socket", "unix socket"),
    ],
)
def test_addresses_of_one_client_count_as_one(address: str, client: str) -> None:
    assert client_of(address) == client
