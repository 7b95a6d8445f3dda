"""The world that the tests of the scheduler share."""

from collections.abc import Iterator

import pytest

from tests.common.broker.world import World, assert_ledger


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    for camera in made.scheduler.state.cameras.values():
        assert_ledger(camera.status())
