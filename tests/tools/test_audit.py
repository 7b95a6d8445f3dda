"""Pinned versions with known faults are found, also where nobody can be asked about them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools.audit.__main__ import CONSTRAINTS, answer_of, complaints
from tools.audit.advisories import LIST, advisories, faults, pins

PINNED = pins(CONSTRAINTS.read_text())
UNKNOWN = {"name": "waitress", "skip_reason": "not found"}
"""What pip-audit says of a package where the index has no service for it, and ends with 0."""


def test_no_pinned_version_has_a_known_fault_that_is_not_accepted() -> None:
    wrong, accepted = complaints(PINNED, advisories(), {})
    assert wrong == []
    assert all("Python 3.10 only" in line for line in accepted)


@pytest.mark.parametrize(
    ("pinned", "fault"),
    [
        ("waitress==3.0.0", "GHSA-9298-4cf8-g4wj"),
        ("Pillow==12.2.0", "GHSA-xj96-63gp-2gmr"),
        ('msgpack==1.2.2; python_version < "3.11"  # old', "GHSA-j586-36cw-2gc2"),
        ("protobuf==6.31.0", "CVE-2025-4565"),
        ("opencv_python_headless==4.8.0.76", "PYSEC-2023-184"),
    ],
)
def test_a_version_with_a_known_fault_is_complained_of(pinned: str, fault: str) -> None:
    wrong, _ = complaints(pins(pinned), advisories(), {})
    assert any(fault in line for line in wrong)


def test_every_pin_of_a_package_counts_whichever_python_it_is_for() -> None:
    both = pins('keras==3.12.4; python_version < "3.11"\nkeras==3.15.1; python_version >= "3.11"')
    assert {str(pin.version) for pin, _ in faults(both, advisories())} == {"3.12.4"}


def test_a_line_that_pins_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="expected NAME==VERSION, got flask>=3"):
        pins("flask>=3")


def test_a_package_that_the_index_does_not_know_counts_as_not_asked_about() -> None:
    assert answer_of(json.dumps({"dependencies": [UNKNOWN], "fixes": []})) == {}


@pytest.mark.parametrize("said", ["", "Traceback", "{"])
def test_an_index_that_cannot_be_reached_leaves_the_list(said: str) -> None:
    assert answer_of(said) == {}


def test_what_the_index_knows_counts_unless_the_list_accepts_it() -> None:
    new = {"id": "PYSEC-2027-1", "aliases": ["CVE-2027-1"]}
    accepted = {"id": "PYSEC-2026-9", "aliases": ["GHSA-8g5g-8vmr-9782"]}
    item = {"name": "pillow", "version": "12.3.0", "vulns": [new, accepted]}
    asked = answer_of(json.dumps({"dependencies": [item]}))
    wrong, _ = complaints(pins("pillow==12.3.0"), advisories(), asked)
    assert wrong == ["pillow: PYSEC-2027-1"]


def test_the_index_is_believed_where_the_list_says_that_a_version_is_sound() -> None:
    extended = {"id": "GHSA-9298-4cf8-g4wj", "aliases": []}
    item = {"name": "waitress", "version": "3.0.2", "vulns": [extended]}
    asked = answer_of(json.dumps({"dependencies": [item]}))
    assert complaints(pins("waitress==3.0.2"), advisories(), asked) == (
        ["waitress: GHSA-9298-4cf8-g4wj"],
        [],
    )


def test_the_list_is_of_pinned_packages_and_names_nothing_twice() -> None:
    known = advisories()
    assert {advisory.package for advisory in known} <= {pin.name for pin in PINNED}
    names = [name for advisory in known for name in advisory.ids]
    assert sorted(names) == sorted(set(names))
    assert all(re.fullmatch(r"(GHSA|CVE|PYSEC)-[0-9a-z-]+", name) for name in names)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", json.loads(Path(LIST).read_text())["read"])
