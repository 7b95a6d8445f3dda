"""The fields of a record, written and read back."""

from __future__ import annotations

import csv
import dataclasses
import io

from publisher.as_json import iso_time
from publisher.faces import TURNED_AWAY, Face
from publisher.results.format import CSV_HEADER, FIELDS, csv_lines, records_of
from tests.publisher.faces_and_frames import published
from tests.publisher.material import FACE, HAPPY, SAD

SEEN = Face(FACE, 3, True, "happy", 0.87654321, SAD, HAPPY, reused=False, pose=(2.5, -31.0, 4.1))
AWAY = Face(FACE, 3, True, TURNED_AWAY, None, (), (), reused=False, pose=(0.0, 71.5, -3.0))


def test_a_record_holds_what_is_promised_in_that_order() -> None:
    (record,) = records_of(published(7, faces=[SEEN]))
    assert len(record) == len(FIELDS)
    assert list(record) == [
        *("cam", 7, 0.28, "2025-06-15T15:06:40.280000+00:00", None, 160, 120),
        *(3, 40, 30, 60, 60),
        *HAPPY,
        *("happy", 0.876543, False, True),
        *SAD,
        *(2.5, -31.0, 4.1),
    ]


def test_a_face_that_is_turned_away_has_no_expression() -> None:
    (record,) = records_of(published(7, faces=[AWAY]))
    assert (
        csv_lines([record])
        .decode()
        .endswith(",60,60,,,,,,,,turned away,,false,true,,,,,,,,0.0,71.5,-3.0\n")
    )


def test_a_frame_without_a_face_has_one_record_with_empty_face_fields() -> None:
    (record,) = records_of(published(7, faces=[]))
    known = [True] * 4 + [False] + [True] * 2 + [False] * (len(FIELDS) - 7)
    assert [value is not None for value in record] == known
    assert csv_lines([record]).decode() == (
        "cam,7,0.280000,2025-06-15T15:06:40.280000+00:00,,160,120" + "," * 26 + "\n"
    )


def test_an_image_of_a_folder_is_named_and_one_that_has_failed_is_none_without_a_face() -> None:
    whole = dataclasses.replace(published(7, faces=[SEEN]), source="me, you.jpg")
    cut = dataclasses.replace(published(8, faces=[]), source="cut.jpg", failed=True)
    lines = CSV_HEADER + csv_lines(records_of(whole) + records_of(cut))
    first, second = csv.DictReader(io.StringIO(lines.decode()))
    assert (first["source"], first["label"]) == ("me, you.jpg", "happy")
    assert {name: value for name, value in second.items() if value} == {
        "camera": "cam",
        "frame_id": "8",
        "pts_s": "0.320000",
        "captured_at": "2025-06-15T15:06:40.320000+00:00",
        "source": "cut.jpg",
        "label": "failed",
    }


def test_time_is_exact_to_the_microsecond() -> None:
    assert iso_time(1_999_999_999_999_999_999) == "2033-05-18T03:33:19.999999+00:00"
