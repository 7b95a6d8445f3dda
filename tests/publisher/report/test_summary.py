"""What is counted of results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from publisher.faces import Face
from publisher.report.summary import Summary, shares
from tests.publisher.report.made import face, row


def summary_of(*faces: Face | None, every: int = 1) -> Summary:
    summary = Summary()
    for number, of in enumerate(faces):
        summary.add_row(row(number * every, of))
    return summary


def test_frames_faces_tracks_and_duration_are_counted() -> None:
    summary = Summary()
    for number in range(51):
        summary.add_row(row(number, face("happy")))
        summary.add_row(row(number, face("sad", track_id=2)))
    camera = summary.cameras["cam"]
    assert (camera.frames, len(camera.tracks), camera.duration_s) == (51, 2, 2.0)
    assert camera.tracks[2].sightings == 51


def test_shares_are_of_the_faces_that_have_a_label() -> None:
    unlabelled = replace(face(), label=None, confidence=None, smoothed=())
    hidden = face("fear", shown=False)
    summary = summary_of(*[face("happy")] * 3, face("sad"), unlabelled, hidden, None)
    assert shares(summary.labels) == [("happy", 0.75), ("sad", 0.25)]
    assert shares(summary_of(None).labels) == []


def test_a_track_is_divided_where_its_label_changes() -> None:
    summary = summary_of(*[face("happy")] * 10, *[face("sad")] * 10)
    found = [
        (one.label, one.start_s, one.end_s) for one in summary.cameras["cam"].tracks[1].segments
    ]
    assert found == [("happy", 0.0, 0.4), ("sad", 0.4, pytest.approx(19 / 25))]


def test_a_face_that_was_away_has_a_gap() -> None:
    summary = summary_of(face("happy"), *[None] * 30, face("happy"))
    segments = summary.cameras["cam"].tracks[1].segments
    assert [(one.start_s, one.end_s) for one in segments] == [(0, 0), (31 / 25, 31 / 25)]


def test_cameras_are_told_apart() -> None:
    summary = Summary()
    for number in range(5):
        summary.add_row(row(number, face("happy"), "hall"))
        summary.add_row(row(number, None, "door"))
    assert {name: len(one.tracks) for name, one in summary.cameras.items()} == {
        "hall": 1,
        "door": 0,
    }
    assert [one.frames for one in summary.cameras.values()] == [5, 5]


def test_a_source_that_begins_again_goes_on_in_time() -> None:
    summary = Summary()
    times = [
        summary.add_row(row(number, None)._replace(pts_s=(number % 4) / 4)) for number in range(8)
    ]
    assert times == pytest.approx([number / 4 for number in range(8)])
