"""Tests of ``ferstream cells``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from capture.cells import cell_of
from ferstream.commands.cells import main

NAMES = [f"camera-{number}" for number in range(5)]


@pytest.fixture
def cameras(tmp_path: Path) -> Path:
    path = tmp_path / "cameras"
    path.write_text("# a list\n" + "".join(f"{name} demo\n" for name in NAMES))
    return path


def test_it_says_where_each_camera_is(cameras: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(cameras), "--cells", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{name} {cell_of(name, 3)}" for name in NAMES]


def test_the_number_of_cells_may_stand_in_a_file(
    cameras: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cells").write_text("3\n")
    main([str(cameras), "--cells", str(tmp_path / "cells")])
    main([str(cameras), "--cells", "3"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == lines[5:]


def test_what_is_wrong_is_told(cameras: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cameras.write_text("door demo\ngate\n")
    with pytest.raises(SystemExit) as ended:
        main([str(cameras)])
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert told.out == "door 0\ngate 0\n"
    assert f"{cameras}, line 2: expected the address of camera gate" in told.err


@pytest.mark.parametrize("cells", ["0", "many", "-1"])
def test_another_number_of_cells_is_refused(
    cells: str, cameras: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(cameras), f"--cells={cells}"]) == 2
    assert "expected a whole number from 1 to" in capsys.readouterr().err


def test_the_gateway_is_told_of_every_camera(cameras: Path, tmp_path: Path) -> None:
    cameras.write_text(cameras.read_text() + "my/door demo\n")
    assert main([str(cameras), "--cells", "3", "--gateway", str(tmp_path)]) == 0
    places = dict(line.split() for line in (tmp_path / "cells.map").read_text().splitlines())
    assert places == {name: f"{cell_of(name, 3)};" for name in NAMES}
    page = (tmp_path / "index.html").read_text()
    assert re.findall(r'src="snapshot/(.*?)\.jpg"', page) == NAMES
    assert f'href="cell-{cell_of(NAMES[0], 3)}/#{NAMES[0]}"' in page
    assert "apparent" in page
    assert "://" not in page


def test_a_camera_whose_line_is_wrong_can_be_reached(cameras: Path, tmp_path: Path) -> None:
    """Its cell goes on with the line of before."""
    cameras.write_text("door demo LOOP=1\n")
    assert main([str(cameras), "--gateway", str(tmp_path)]) == 0
    assert (tmp_path / "cells.map").read_text() == "door 0;\n"
