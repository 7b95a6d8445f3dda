"""A benchmark as steps: each is named, counted under one bar, and may fail by itself."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

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
        about_s: About how long it takes, for the time left.
        run: Measures.
    """

    key: Hashable
    what: str
    about_s: float
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
    """Measure, part after part; a step that fails costs its own figures and no other."""
    by_part = [(part, part.steps(plan)) for part in parts]
    total_s = round(sum(step.about_s for _, steps in by_part for step in steps))
    with progress_bar(None, "measuring", "s", total=total_s) as bar:
        done_s = 0.0
        outcomes = []
        for part, steps in by_part:
            results: dict[Hashable, object] = {}
            failures: list[str] = []
            for step in steps:
                bar.set_description(f"{part.name}: {step.what}")
                _try(lambda: results.update({step.key: step.run()}), step.what, failures)  # noqa: B023 - called at once
                done_s += step.about_s
                bar.update(round(done_s) - bar.n)
            sections: list[Section] = []
            if results:
                _try(lambda: sections.append(part.section(plan, results)), "the section", failures)  # noqa: B023 - called at once
            outcomes.append(Outcome(part, next(iter(sections), None), tuple(failures)))
        bar.set_description("measured")
    return outcomes


def _try(act: Callable[[], object], what: str, failures: list[str]) -> None:
    """Do something, and note where it fails: what else is measured is worth having."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told and the rest goes on
        traceback.print_exc()
        reason = str(error).strip().splitlines() or [""]
        failures.append(f"{what}: {type(error).__name__}: {reason[0]}"[:300])
