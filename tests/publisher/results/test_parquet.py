"""Records as Parquet: through kills, restarts and full disks."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from msgspec.structs import replace

import ferstream
from common.contract import Mode
from common.face_model import LABELS
from common.messages import Result
from publisher.as_json import POSE
from publisher.output_files import RecordError
from publisher.results.format import FIELDS, SMOOTHED
from publisher.results.metadata import metadata_file
from publisher.results.open import open_results
from publisher.results.parquet import ParquetWriter, journal_of
from publisher.results.writer import ResultsWriter
from publisher.tracking.following import Following
from tests.publisher.full_disk import largest_file
from tests.publisher.results.clips import clip, publish

TYPES = {
    "camera": pl.String,
    "frame_id": pl.Int64,
    "pts_s": pl.Float64,
    "captured_at": pl.Datetime("us", "UTC"),
    "source": pl.String,
    **dict.fromkeys(("width", "height", "track_id", "x", "y", "w", "h"), pl.Int64),
    **dict.fromkeys(LABELS, pl.Float64),
    "label": pl.String,
    "confidence": pl.Float64,
    **dict.fromkeys(("reused", "shown"), pl.Boolean),
    **dict.fromkeys(SMOOTHED, pl.Float64),
    **dict.fromkeys(POSE, pl.Float64),
}
"""As the README has them."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "faces.parquet"


def start(path: Path, restarts: int = 0) -> tuple[ParquetWriter, Following]:
    following = Following()
    return ParquetWriter(path, 0.0 if restarts else None, following.replay), following


def run(path: Path, results: list[Result], restarts: int = 0) -> None:
    writer, following = start(path, restarts)
    publish(writer, following, results)
    writer.finish()


def killed(path: Path, results: list[Result]) -> None:
    """Record, and leave what a kill leaves."""
    writer, following = start(path)
    publish(writer, following, results)
    writer._journal.close()


def as_csv(path: Path, results: list[Result]) -> pd.DataFrame:
    writer, following = ResultsWriter(path.with_suffix(".csv")), Following()
    publish(writer, following, results)
    writer.close()
    return pd.read_csv(path.with_suffix(".csv"), parse_dates=["captured_at"])


def test_polars_finds_the_documented_types(path: Path) -> None:
    run(path, clip(20, mode=Mode.LIVE))
    table = pl.read_parquet(path)
    assert dict(table.schema) == TYPES
    assert tuple(TYPES) == tuple(FIELDS)
    assert table["captured_at"][0] == datetime(2025, 6, 15, 15, 6, 40, 123456, timezone.utc)


def test_pandas_finds_the_documented_types_in_a_csv(path: Path) -> None:
    table = as_csv(path, [one for one in clip(20, mode=Mode.LIVE) if len(one.boxes)])
    kinds = {name: kind.kind for name, kind in table.dtypes.items() if name != "captured_at"}
    texts = {"camera", "label"}
    for name, kind in TYPES.items():
        if name in texts | {"captured_at"}:
            continue
        expected = "i" if kind == pl.Int64 else "b" if kind == pl.Boolean else "f"
        assert kinds[name] == expected, name
    assert str(table["captured_at"].dtype) in ("datetime64[us, UTC]", "datetime64[ns, UTC]")
    assert all(isinstance(value, str) for name in texts for value in table[name].dropna())


def test_a_lossless_run_says_nothing_of_when_a_frame_was_read(path: Path) -> None:
    run(path, clip(20))
    table = pl.read_parquet(path)
    assert dict(table.schema) == TYPES
    assert table["captured_at"].null_count() == len(table)


def test_the_file_has_what_made_it(path: Path) -> None:
    writer, following = start(path)
    writer.describe({"ferstream": "0"})
    publish(writer, following, clip(3))
    writer.describe({"ferstream": "1"})
    writer.finish()
    assert json.loads(pl.read_parquet_metadata(path)["ferstream"]) == {"ferstream": "1"}
    assert not metadata_file(path).exists()


@pytest.mark.parametrize("damaged", [False, True])
def test_what_a_killed_run_left_is_written_with_what_made_it(path: Path, damaged: bool) -> None:
    writer, following = start(path)
    writer.describe({"ferstream": "0"})
    publish(writer, following, clip(3))
    writer.close()
    beside = metadata_file(journal_of(path))
    if damaged:
        beside.write_text("{")
    start(path)[0].finish()
    found = pl.read_parquet_metadata(path)
    assert json.loads(found.get("ferstream", "{}")) == ({} if damaged else {"ferstream": "0"})
    assert [file.name for file in path.parent.iterdir()] == ["faces.parquet"]


def test_the_journal_is_gone_in_the_end_and_the_file_there_only_then(path: Path) -> None:
    writer, following = start(path)
    publish(writer, following, clip(10))
    assert not path.exists()
    assert journal_of(path).exists()
    writer.finish()
    writer.finish()
    assert [file.name for file in path.parent.iterdir()] == ["faces.parquet"]


def test_it_is_written_piece_by_piece(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.results.parquet.BLOCK_BYTES", 2000)
    writer, following = start(path)
    publish(writer, following, clip(100))
    left = journal_of(path).stat().st_size - writer._converted
    assert 0 <= left < 2000
    writer.finish()
    assert pl.read_parquet(path)["frame_id"].unique(maintain_order=True).to_list() == [*range(100)]


@pytest.mark.parametrize("lost_bytes", [0, 1, 300])
def test_a_killed_publisher_goes_on_where_it_was(path: Path, lost_bytes: int) -> None:
    whole = path.with_name("whole.parquet")
    run(whole, clip(40))
    killed(path, clip(25))
    journal = journal_of(path)
    if lost_bytes:
        journal.write_bytes(journal.read_bytes()[:-lost_bytes])
    run(path, clip(40)[20:], restarts=1)
    assert pl.read_parquet(path).equals(pl.read_parquet(whole))


def test_what_the_process_before_wrote_is_converted_at_the_start(path: Path) -> None:
    killed(path, clip(25))
    writer, _ = start(path, restarts=1)
    assert writer._converted == journal_of(path).stat().st_size
    writer.close()


def test_a_publisher_that_crashed_goes_on_where_it_was(path: Path) -> None:
    writer, following = start(path)
    publish(writer, following, clip(25))
    writer.close()  # not finish: the run has not ended
    run(path, clip(40)[20:], restarts=1)
    assert pl.read_parquet(path)["frame_id"].unique(maintain_order=True).to_list() == [*range(40)]
    assert not journal_of(path).exists()


def test_the_journal_of_a_killed_run_is_written_by_the_next(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    run(path, clip(3))
    killed(path, clip(9))
    run(path, clip(5))
    frames = {
        name: pl.read_parquet(path.with_name(name))["frame_id"].n_unique()
        for name in ("faces.parquet", "faces.1.parquet", "faces.2.parquet")
    }
    assert frames == {"faces.parquet": 5, "faces.1.parquet": 9, "faces.2.parquet": 3}
    assert "that an earlier run left" in caplog.text


def test_a_journal_that_is_none_is_left_alone(path: Path) -> None:
    journal_of(path).write_text("camera,frame\n" * 100)
    with pytest.raises(RecordError, match="move that file away"):
        start(path)
    assert journal_of(path).stat().st_size == 1300
    assert [file.name for file in path.parent.iterdir()] == ["faces.parquet.journal.csv"]


def test_a_run_that_records_nothing_leaves_nothing(path: Path) -> None:
    run(path, [])
    assert list(path.parent.iterdir()) == []


def test_a_full_disk_at_the_end_leaves_the_journal(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer, following = start(path)
    publish(writer, following, clip(60))
    with largest_file(1000):
        writer.finish()
    assert "the next run that records to it writes them" in caplog.text
    assert [file.name for file in path.parent.iterdir()] == ["faces.parquet.journal.csv"]
    start(path)
    assert pl.read_parquet(path)["frame_id"].n_unique() == 60


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.LOSSLESS])
def test_a_full_disk_on_the_way_is_one_of_the_records(
    path: Path, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    monkeypatch.setattr("publisher.results.parquet.BLOCK_BYTES", 2000)
    writer, following = start(path)
    with largest_file(9000):
        if mode is Mode.LOSSLESS:
            with pytest.raises(RecordError, match="make room and run again"):
                publish(writer, following, clip(200, mode=mode))
        else:
            publish(writer, following, clip(200, mode=mode))
            assert "cannot be written" in str(writer.trouble)
    writer.finish()
    frames = pl.read_parquet(path)["frame_id"].unique(maintain_order=True).to_list()
    assert frames == [*range(len(frames))]
    assert 10 < len(frames) < 200


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_lossless_runs_differ_in_nothing_but_their_start(tmp_path: Path, ending: str) -> None:
    written = []
    for number in range(2):
        path = tmp_path / f"{number}.{ending}"
        following = Following()
        writer = open_results(path, None, following.replay)
        writer.describe({"started_at": f"2026-11-26T0{number}"})
        for one in clip(200):
            read_ns = one.frame.captured_at_ns + number * 10**12
            later = replace(one, frame=replace(one.frame, captured_at_ns=read_ns))
            publish(writer, following, [later])
        writer.finish()
        data = path.read_bytes()
        footer_bytes = int.from_bytes(data[-8:-4], "little") + 8 if ending == "parquet" else 0
        written.append(data[: len(data) - footer_bytes])
        started_at = ferstream.metadata_of(ferstream.read(path))["started_at"]
        assert started_at == f"2026-11-26T0{number}"
    assert written[0] == written[1]
    assert ferstream.read(tmp_path / f"0.{ending}").equals(ferstream.read(tmp_path / f"1.{ending}"))
