"""A socket such as peers have, for tests that say what they like with it."""

from __future__ import annotations

import zmq

from common.sockets import Context, connect, make_dealer


def connect_dealer(context: Context, endpoint: str) -> zmq.Socket[bytes]:
    """Connect a socket to the broker, which asks for no key and need not be there yet."""
    dealer = make_dealer(context, None)
    connect(dealer, endpoint)
    return dealer
