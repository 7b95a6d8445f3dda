"""The fields of a record, written and read back."""

from __future__ import annotations

import csv
import io
import json

import pytest

from publisher.faces import Face
from publisher.results.format import (
    FIELDS,
    Record,
    csv_header,
    csv_lines,
    iso_time,
    json_lines,
    parse_csv,
    parse_json,
    records_of,
    sighting_of,
)
from publisher.tracking.tracks import Sighting
from tests.publisher.material import FACE, HAPPY, SAD, frame

SEEN = Face(FACE, 3, True, "happy", 0.87654321, SAD, HAPPY, reused=False)
LATE = Face((1, 2, 3, 4), 4, True, "uncertain", 0.35, SAD, (), reused=True)
NEW = Face((5, 6, 7, 8), 5, False, "", 0.0, (), (), reused=True)


def test_a_record_holds_what_is_promised_in_that_order() -> None:
    (record,) = records_of(frame(7), [SEEN])
    assert tuple(record) == FIELDS
    assert list(record.values()) == [
        *("cam", 7, 0.28, "2025-06-15T15:06:40.403456+00:00", 3, 40, 30, 60, 60),
        *HAPPY,
        *("happy", 0.876543, False, True),
        *SAD,
    ]


def test_a_frame_without_a_face_has_one_record_with_empty_face_fields() -> None:
    (record,) = records_of(frame(7), [])
    assert [field for field in FIELDS if record[field] is not None] == list(FIELDS[:4])
    assert csv_lines([record]).decode() == (
        "cam,7,0.280000,2025-06-15T15:06:40.403456+00:00" + "," * 23 + "\n"
    )


def test_what_is_unknown_is_empty() -> None:
    late, new = records_of(frame(7), [LATE, NEW])
    assert (late["happy"], late["label"], late["confidence"], late["reused"]) == (
        None,
        "uncertain",
        0.35,
        True,
    )
    assert late["smoothed_sad"] == SAD[4]
    assert (new["label"], new["confidence"], new["smoothed_sad"], new["shown"]) == (
        None,
        None,
        None,
        False,
    )


def test_a_csv_reader_finds_the_columns() -> None:
    text = (csv_header() + csv_lines(records_of(frame(7, 'a "b", c\nd'), [SEEN]))).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["camera"], row["happy"], row["reused"]) == ('a "b", c\nd', "0.900000", "false")
    assert (row["shown"], row["smoothed_sad"]) == ("true", "0.800000")


def test_json_lines_are_json_with_null_for_unknown() -> None:
    lines = json_lines(records_of(frame(7, "küche"), [SEEN, LATE])).splitlines()
    assert [json.loads(line)["happy"] for line in lines] == [0.9, None]
    assert json.loads(lines[0])["camera"] == "küche"


@pytest.mark.parametrize("faces", [[], [SEEN], [LATE, NEW, SEEN]])
def test_records_are_read_back_as_they_were_written(faces: list[Face]) -> None:
    records = records_of(frame(7), faces)

    def parse_lines() -> list[tuple[Record, Record]]:
        pairs = zip(csv_lines(records).splitlines(), json_lines(records).splitlines(), strict=True)
        return [(parse_csv(a.decode()), parse_json(b.decode())) for a, b in pairs]

    assert parse_lines() == [(record, record) for record in records]
    assert sighting_of(records) == Sighting(
        0.28, tuple(face.box for face in faces), tuple(face.probabilities for face in faces)
    )


@pytest.mark.parametrize("line", ["", "a,b", "x," * 27, '{"camera": "a"}', "[1]", "{"])
def test_what_is_no_record_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_csv(line)
    with pytest.raises(ValueError, match=r"."):
        parse_json(line)


def test_time_is_exact_to_the_microsecond() -> None:
    assert iso_time(1_999_999_999_999_999_999) == "2033-05-18T03:33:19.999999+00:00"
