from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import ConfigError
from training.run.history import EpochRecord, read_history, write_history

HISTORY = (
    EpochRecord(1, 32, 0.1, 7.5, 1.8, 0.25, 1.6, 0.375),
    EpochRecord(2, 48, 0.0, 7.25, 1.5, 0.5, 1.25, 0.625),
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read_history(tmp_path) == ()
    write_history(tmp_path, HISTORY)
    assert read_history(tmp_path) == HISTORY
    assert {file.name for file in tmp_path.iterdir()} == {"history.csv", "history.json"}


def test_who_reads_the_old_table_reads_it_whole(tmp_path: Path) -> None:
    write_history(tmp_path, HISTORY[:1])
    before = (tmp_path / "history.csv").read_text()
    with (tmp_path / "history.csv").open() as reader:
        write_history(tmp_path, HISTORY)
        assert reader.read() == before
    assert (tmp_path / "history.csv").read_text() != before


@pytest.mark.parametrize("text", ["", "[", '[{"epoch": 1}]', "7", '[{"epoch": 1, "joy": 2}]'])
def test_a_damaged_history_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "history.json").write_text(text)
    with pytest.raises(ConfigError, match=r"history\.json is damaged"):
        read_history(tmp_path)
