"""What the capture tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from capture import recording_feed
from capture.pacing import Pacer
from common import link
from common.lifetime import Lifetime
from tests.capture.rig import Rig
from tests.support.clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time by which recordings are paced."""
    made = Clock()
    monkeypatch.setattr(recording_feed, "Pacer", lambda: Pacer(made))
    return made


@pytest.fixture
def lifetime() -> Lifetime:
    """The life of this process, without a supervisor."""
    return Lifetime()


@pytest.fixture
def rig(
    context: zmq.Context[zmq.Socket[bytes]], endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    """A broker, and a capture stage once the test starts it."""
    monkeypatch.setattr(link, "RECONNECT_BACKOFF_S", (1000.0,))  # the small broker may be silent
    made = Rig(context, endpoint)
    yield made
    made.close()
