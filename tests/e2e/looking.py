"""Asking a running pipeline."""

from __future__ import annotations

from collections import Counter
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.support.pipeline import Pipeline


def ledger_holds(camera: dict[str, Any]) -> bool:
    ended = camera["published"] + camera["failed"] + sum(camera["dropped"].values())
    return bool(camera["captured"] == ended + camera["in_flight"])


def assert_ledger(camera: dict[str, Any]) -> None:
    assert ledger_holds(camera), camera


def scrape(pipeline: Pipeline) -> Counter[str]:
    """Add up the samples of each name over all labels."""
    code, body = pipeline.get("/metrics")
    assert code == 200
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            found[sample.name] += sample.value  # type: ignore[assignment]
    return found
