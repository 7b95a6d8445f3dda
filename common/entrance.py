"""The broker's entrance on tcp: CURVE, and the questions that libzmq asks about keys.

A socket that uses CURVE takes no peer in the clear. Of each that knows the broker's key libzmq asks
at ``inproc://zeromq.zap.01`` whether its own key is good (ZAP, ZeroMQ RFC 27), and waits for the
answer. Where nobody is there to answer, nobody comes in.
"""

from __future__ import annotations

from dataclasses import dataclass

import zmq
from zmq.utils import z85

from common.keys.files import KEY_LENGTH, KeyPair

ZAP_ADDRESS = "inproc://zeromq.zap.01"
_DOMAIN = b"ferstream"
_VERSION = b"1.0"
_LET_IN, _REFUSED = (b"200", b"OK"), (b"400", b"key refused")


@dataclass(frozen=True, slots=True)
class Question:
    """Somebody who wants to come in."""

    request_id: bytes
    address: str
    public: str


def key_of(identity: bytes) -> str:
    """Return the key of the connection that a message of this peer came through."""
    return identity[:KEY_LENGTH].decode()


class Entrance:
    """The broker's side: its socket takes only those whose keys are answered for here.

    Args:
        router: The broker's socket, before it listens.
        answers: A REP socket.
        pair: The broker's key.
    """

    def __init__(
        self, router: zmq.Socket[bytes], answers: zmq.Socket[bytes], pair: KeyPair
    ) -> None:
        router.setsockopt(zmq.ZAP_DOMAIN, _DOMAIN)
        router.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)  # else with nobody to answer all come in
        router.setsockopt(zmq.CURVE_SERVER, 1)
        router.setsockopt(zmq.CURVE_SECRETKEY, pair.secret.encode())
        self._answers = answers
        answers.bind(ZAP_ADDRESS)

    def next_question(self) -> Question | None:
        """Return who wants in next, None where nobody waits; it has to be answered first."""
        try:
            parts = self._answers.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        _, request_id, _, address, _, _, public = parts  # as CURVE's are; no others are asked
        return Question(request_id, address.decode(), z85.encode(public).decode())

    def answer(self, question: Question, *, good: bool) -> None:
        """Let somebody in, whose messages carry the key from then on, or not."""
        status, text = _LET_IN if good else _REFUSED
        user = question.public.encode() if good else b""
        self._answers.send_multipart([_VERSION, question.request_id, status, text, user, b""])

    def close(self) -> None:
        """Answer no more."""
        self._answers.close()
