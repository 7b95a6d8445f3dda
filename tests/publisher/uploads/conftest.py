"""Decoders for one test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from publisher.uploads.decoders import Decoders


@pytest.fixture(params=[True, False], ids=["as it is", "as a JPEG"])
def decoders(request: pytest.FixtureRequest) -> Iterator[Decoders]:
    made = Decoders(as_it_is=request.param)
    yield made
    made.close()
