"""Decoders for one test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from publisher.uploads.decoders import Decoders


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    made = Decoders()
    yield made
    made.close()
