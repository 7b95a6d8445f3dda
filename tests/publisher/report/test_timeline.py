"""Strips of colours, and what they say to who cannot see them."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from publisher.drawing.palette import COLOURS, UNKNOWN
from publisher.report.summary import CameraSummary, Summary, Track
from publisher.report.timeline import COLUMNS, clock, percent, strip, ticks
from tests.publisher.report.made import face, row


def one_track(*labels: str | None) -> tuple[CameraSummary, Track]:
    """Make a track with a label a frame; None where it is away."""
    summary = Summary()
    for number, label in enumerate(labels):
        summary.add_row(row(number, None if label is None else face(label)))
    camera = summary.cameras["cam"]
    return camera, camera.tracks[1]


def rectangles(svg: str) -> list[tuple[float, float, str]]:
    """Return where each begins and ends, as fractions of the strip, and its colour."""
    found = []
    for item in ET.fromstring(svg):  # noqa: S314 - our own
        start, width = float(item.attrib["x"]), float(item.attrib["width"])
        found.append((start / COLUMNS, (start + width) / COLUMNS, item.attrib["fill"]))
    return found


def test_each_label_has_its_colour_for_as_long_as_it_lasted() -> None:
    labels = ["happy"] * 100 + ["sad"] * 50 + [None] * 50 + ["uncertain"] * 51
    found = rectangles(strip(*one_track(*labels)))
    expected = [(0.0, 0.4, COLOURS["happy"]), (0.4, 0.6, COLOURS["sad"]), (0.8, 1.0, UNKNOWN)]
    assert [colour for _, _, colour in found] == [colour for _, _, colour in expected]
    for (start, end, _), (low, high, _) in zip(found, expected, strict=True):
        assert (start, end) == pytest.approx((low, high), abs=0.006)


def test_a_single_sighting_is_seen() -> None:
    assert len(rectangles(strip(*one_track("happy", *[None] * 5000)))) == 1
    assert len(rectangles(strip(*one_track("happy")))) == 1


def test_a_strip_stays_small_however_often_the_label_changes() -> None:
    camera, track = one_track(*["happy", "sad"] * 20_000)
    assert len(rectangles(strip(camera, track))) <= COLUMNS


def test_the_axis_has_a_few_round_marks() -> None:
    for frames in (2, 40, 500, 7_001, 1_000_000):
        camera = CameraSummary("cam", frames=frames, end_s=frames / 25)
        marks = ticks(camera)
        assert 1 <= len(marks) <= 8
        assert all(0 <= at <= 100 for at, _ in marks)
    assert ticks(CameraSummary("cam", frames=1))[0] == (0.0, "0:00.0")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (41.26, "0:41.3"), (59.97, "1:00"), (725.4, "12:05"), (3723.0, "1:02:03")],
)
def test_times_are_written_as_clocks_write_them(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_share_is_never_rounded_to_nothing() -> None:
    assert [percent(share) for share in (0.0001, 0.012, 0.494, 1)] == [
        "under 1 %",
        "1 %",
        "49 %",
        "100 %",
    ]
