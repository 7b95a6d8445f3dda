from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.performance.plan import Plan
from benchmarks.performance.recordings import Recordings
from benchmarks.performance.report import Section, table
from benchmarks.performance.steps import Part, Step, run_parts


def fail() -> int:
    raise RuntimeError("no such luck\nand more")


def section(_plan: Plan, results: Mapping[str, int]) -> Section:
    return Section("text", (table(("", "n"), [["a", str(results["a"])]]),))


def part(name: str, *steps: Step[int]) -> Part[int]:
    return Part(name, name.title(), lambda _: steps, section)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(Recordings([], tmp_path), ("haar",), None)


def test_a_failed_step_is_told_and_the_others_go_on(plan: Plan) -> None:
    parts = [
        part("one", Step("b", "what fails", 1, fail), Step("a", "a", 1, lambda: 5)),
        part("two", Step("a", "a", 1, lambda: 6)),
    ]
    first, second = run_parts(parts, plan)
    assert first.failures == ("what fails: RuntimeError: no such luck",)
    assert first.section is not None
    assert first.section.tables[0].rows[1] == ("a", "5")
    assert second.failures == ()


def test_a_section_that_lacks_its_results_is_told(plan: Plan) -> None:
    (outcome,) = run_parts([part("one", Step("b", "b", 1, lambda: 5))], plan)
    assert outcome.section is None
    assert outcome.failures == ("the section: KeyError: 'a'",)


def test_a_part_of_which_all_failed_says_so_once(plan: Plan) -> None:
    (outcome,) = run_parts([part("one", Step("a", "a", 1, fail))], plan)
    assert outcome.section is None
    assert len(outcome.failures) == 1


def test_ctrl_c_ends_it_all(plan: Plan) -> None:
    def press() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_parts([part("one", Step("a", "a", 1, press))], plan)
