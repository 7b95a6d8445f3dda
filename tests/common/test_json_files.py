from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from common.errors import ConfigError
from common.json_files import read_json, write_json


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    loss: float


def test_what_was_written_is_read_as_its_type(tmp_path: Path) -> None:
    file = tmp_path / "new" / "rows.json"
    write_json(file, [{"name": "a", "loss": 1}, {"name": "b", "loss": math.nan}])
    first, second = read_json(file, tuple[Row, ...], "write it anew")
    assert first == Row("a", 1.0)
    assert math.isnan(second.loss)
    assert [path.name for path in file.parent.iterdir()] == ["rows.json"]


def test_who_reads_the_old_file_reads_it_whole(tmp_path: Path) -> None:
    file = tmp_path / "row.json"
    write_json(file, {"name": "old"})
    with file.open() as reader:
        write_json(file, {"name": "new"})
        assert json.loads(reader.read()) == {"name": "old"}
    assert json.loads(file.read_text()) == {"name": "new"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("\xff", "can't decode"),
        ("[]", "Expected `object`, got `array`"),
        ('{"name": "a"}', "missing required field `loss`"),
        ('{"name": "a", "loss": "1"}', r"Expected `float`, got `str` - at `\$\.loss`"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "row.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=rf"row\.json is damaged \(.*{reason}.*\); remove it"):
        read_json(file, Row, "remove it")
