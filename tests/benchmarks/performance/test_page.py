from __future__ import annotations

import csv
from pathlib import Path

import cv2

from benchmarks.performance import history
from benchmarks.performance.page import BEGIN, write_page
from benchmarks.performance.report import Chart, Panel, Section, spread, table
from benchmarks.performance.steps import Outcome, Part

CHART = Chart(
    "growth",
    "cameras",
    (
        Panel("frames a second", {"in": [(1, 15), (4, 60)], "out": [(1, 15)]}),
        Panel("age, ms", {"p50": [(1, 12), (4, 20)]}),
    ),
    (1, 4),
)


def outcome(*failures: str, section: Section | None = None) -> Outcome:
    return Outcome(
        Part("live", "A live camera", lambda _: [], lambda *_: Section("", ())), section, failures
    )


def test_what_was_written_by_hand_stays(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"# By hand\n\n{BEGIN}\nold figures\n")
    write_page([outcome(section=Section("new figures", ()))], "make bench", "abc", page)
    text = page.read_text()
    assert text.startswith(f"# By hand\n\n{BEGIN}\n")
    assert "new figures" in text
    assert "old figures" not in text


def test_failures_stand_where_the_figures_would(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    write_page([outcome("a camera: it broke")], "make bench", "abc", page)
    assert "## A live camera\n\n**Not measured:** a camera: it broke\n" in page.read_text()


def test_charts_are_drawn_beside_the_page(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    write_page([outcome(section=Section("text", (), (CHART,)))], "make bench", "abc", page)
    assert "![A live camera, by cameras](performance/growth.png)" in page.read_text()
    assert cv2.imread(str(tmp_path / "performance" / "growth.png")) is not None


def test_a_table_is_aligned_markdown() -> None:
    made = table(("", "frames/s"), [["haar", "1.5"], ["a longer name", "12.5"]])
    assert made.markdown().splitlines() == [
        "|               | frames/s |",
        "|---------------|----------|",
        "| haar          | 1.5      |",
        "| a longer name | 12.5     |",
    ]


def test_a_spread_is_the_median_and_the_ends() -> None:
    assert spread([3.0, 1.0, 2.0]) == "2.0 (1.0 to 3.0)"
    assert spread([3.25], 2) == "3.25"


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def test_each_run_adds_a_line_and_its_new_columns(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    history.add_line({"haar_fps": 123.456}, "abc-dirty", file)
    history.add_line({"haar_fps": 130.0, "yunet_fps": 200.0}, "def", file)
    first, second = read(file)
    assert (first["haar_fps"], first["yunet_fps"]) == ("123.5", "")
    assert (second["haar_fps"], second["yunet_fps"]) == ("130", "200")
    assert (first["commit"], second["commit"]) == ("abc-dirty", "def")
    assert int(first["cores"]) > 0
