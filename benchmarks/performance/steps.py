"""A benchmark as steps: each is named, counted under one bar, and may fail by itself."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tqdm import tqdm

from benchmarks.performance.plan import Plan
from benchmarks.performance.report import Section
from common.progress_bar import progress_bar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """One measurement.

    Attributes:
        key: What its result is found by.
        what: What is measured, for the bar.
        about_s: About how long it takes, in whole seconds, for the time left.
        run: Measures.
    """

    key: Hashable
    what: str
    about_s: int
    run: Callable[[], T]


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A group of measurements that make one section.

    Attributes:
        name: As it is given to ``--only``.
        title: The section's heading.
        steps: Returns what is to be measured.
        section: Makes the section of the results of the steps, by their keys; those of steps that
            failed are missing.
    """

    name: str
    title: str
    steps: Callable[[Plan], Sequence[Step[T]]]
    section: Callable[[Plan, Mapping[Any, T]], Section]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A part that is done.

    Attributes:
        part: The part.
        section: What it found; None where nothing can be said.
        failures: What could not be measured, and why.
    """

    part: Part[Any]
    section: Section | None
    failures: tuple[str, ...]


def run_parts(parts: Sequence[Part[Any]], plan: Plan) -> list[Outcome]:
    """Measure, part after part, under one bar."""
    by_part = [(part, part.steps(plan)) for part in parts]
    total_s = sum(step.about_s for _, steps in by_part for step in steps)
    with progress_bar(None, "measuring", "s", total=round(total_s)) as bar:
        outcomes = [_run_part(part, steps, plan, bar) for part, steps in by_part]
        bar.set_description("measured")
    return outcomes


def _run_part(part: Part[T], steps: Sequence[Step[T]], plan: Plan, bar: tqdm[Any]) -> Outcome:
    """Measure one part; a step that fails costs its own figures and no other."""
    results: dict[Hashable, T] = {}
    failures: list[str] = []
    section = None
    for step in steps:
        bar.set_description(f"{part.name}: {step.what}")
        with _noting_failure(step.what, failures):
            results[step.key] = step.run()
        bar.update(step.about_s)
    if results:
        with _noting_failure("the section", failures):
            section = part.section(plan, results)
    return Outcome(part, section, tuple(failures))


@contextmanager
def _noting_failure(what: str, failures: list[str]) -> Iterator[None]:
    """Note where something fails: what else is measured is worth having."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told and the rest goes on
        traceback.print_exc()
        reason = str(error).strip().splitlines() or [""]
        failures.append(f"{what}: {type(error).__name__}: {reason[0]}"[:300])
