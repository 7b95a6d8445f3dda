"""Tests of reading results as tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ferstream
from common.contract import Mode
from publisher.as_json import Json
from publisher.results.metadata import metadata_file
from publisher.results.open import open_results
from publisher.results.parquet_table import SCHEMA
from publisher.tracking.following import Following
from tests.publisher.results.clips import clip, publish

MADE_BY: Json = {"ferstream": "1", "detectors": [{"detector": "haar"}]}


def written(path: Path, mode: Mode = Mode.LIVE) -> Path:
    results = open_results(path, None, lambda *_: None)
    results.describe(MADE_BY)
    publish(results, Following(), clip(20, mode=mode))
    results.finish()
    return path


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.LOSSLESS])
def test_every_format_gives_the_same_table_and_what_made_it(tmp_path: Path, mode: Mode) -> None:
    names = ("csv.csv", "jsonl.jsonl", "parquet.parquet")
    tables = [ferstream.read(written(tmp_path / name, mode)) for name in names]
    assert all(table.schema.equals(SCHEMA) for table in tables)
    assert tables[0].num_rows > 20
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])
    assert [ferstream.metadata_of(table) for table in tables] == [MADE_BY] * 3


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_line_that_was_cut_is_left_out(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path / f"t.{ending}")
    rows = ferstream.read(path).num_rows
    path.write_bytes(path.read_bytes()[:-5])
    assert ferstream.read(path).num_rows == rows - 1


def test_nothing_beside_it_is_no_metadata(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv")
    metadata_file(path).unlink()
    assert ferstream.metadata_of(ferstream.read(path)) == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.txt", "camera"),
        ("t.csv", "a,b\n1,2\n"),
        ("t.csv", ""),
        ("t.jsonl", '{"a": 1}\n'),
        ("t.parquet", "camera"),
    ],
)
def test_what_holds_no_records_is_named(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=str(path)):
        ferstream.read(path)


def test_metadata_that_are_damaged_are_named(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv")
    metadata_file(path).write_text(json.dumps([1]))
    with pytest.raises(ferstream.ConfigError, match=r"t\.meta\.json is damaged"):
        ferstream.read(path)
