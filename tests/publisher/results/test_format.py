"""The fields of a record, written and read back."""

from __future__ import annotations

from publisher.as_json import iso_time
from publisher.faces import Face
from publisher.results.format import FIELDS, csv_lines, records_of
from tests.publisher.faces_and_frames import published
from tests.publisher.material import FACE, HAPPY, SAD

SEEN = Face(FACE, 3, True, "happy", 0.87654321, SAD, HAPPY, reused=False)


def test_a_record_holds_what_is_promised_in_that_order() -> None:
    (record,) = records_of(published(7, faces=[SEEN]))
    assert len(record) == len(FIELDS)
    assert list(record) == [
        *("cam", 7, 0.28, "2025-06-15T15:06:40.280000+00:00", 3, 40, 30, 60, 60),
        *HAPPY,
        *("happy", 0.876543, False, True),
        *SAD,
    ]


def test_a_frame_without_a_face_has_one_record_with_empty_face_fields() -> None:
    (record,) = records_of(published(7, faces=[]))
    assert [value is not None for value in record] == [True] * 4 + [False] * (len(FIELDS) - 4)
    assert csv_lines([record]).decode() == (
        "cam,7,0.280000,2025-06-15T15:06:40.280000+00:00" + "," * 23 + "\n"
    )


def test_time_is_exact_to_the_microsecond() -> None:
    assert iso_time(1_999_999_999_999_999_999) == "2033-05-18T03:33:19.999999+00:00"
