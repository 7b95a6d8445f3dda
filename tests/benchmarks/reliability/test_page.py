from __future__ import annotations

from pathlib import Path

import cv2

from benchmarks.reliability.page import draw_series, put_section
from benchmarks.reliability.samples import HANDLES, MEMORY, Series


def test_section_is_written_anew_and_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "reliability.md"
    put_section(page, "Soak", ["first"])
    put_section(page, "Chaos", ["faults"])
    assert page.read_text() == "# Reliability\n\n## Soak\n\nfirst\n\n## Chaos\n\nfaults\n"
    put_section(page, "Soak", ["second", "", "third"])
    text = page.read_text()
    assert text == "# Reliability\n\n## Soak\n\nsecond\n\nthird\n\n## Chaos\n\nfaults\n"


def test_what_was_written_by_hand_stays(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    page.write_text("# Reliability\n\nBy hand.\n")
    put_section(page, "Soak", ["figures"])
    put_section(page, "Soak", ["figures"])
    assert page.read_text() == "# Reliability\n\nBy hand.\n\n## Soak\n\nfigures\n"


def test_plot_has_a_panel_for_each_figure_that_was_seen(tmp_path: Path) -> None:
    heights = []
    for panels in ([MEMORY], [MEMORY, HANDLES]):
        series = Series()
        for minute in range(3):
            series.add(minute, {panel: {"broker": 1.0} for panel in panels})
        file = tmp_path / f"{len(panels)}.png"
        draw_series(series, file)
        picture = cv2.imread(str(file))
        assert picture is not None
        heights.append(picture.shape[0])
    assert heights[1] > 1.5 * heights[0]
