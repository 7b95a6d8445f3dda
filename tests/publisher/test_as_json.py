"""A frame as JSON has the values of its records."""

from __future__ import annotations

import dataclasses
import json

from msgspec import structs

from common.face_model import LABELS
from publisher.as_json import frame_json
from publisher.faces import published_frame
from publisher.results.format import FIELDS, records_of
from tests.publisher.faces_and_frames import face, published
from tests.publisher.material import frame, result

THIRDS = (1 / 3, 0.0, 0.0, 1 / 3, 1 / 3, 0.0, 0.0)


def test_every_value_of_a_record_is_in_the_json_and_the_same() -> None:
    seen = dataclasses.replace(face(), confidence=1 / 3, smoothed=THIRDS, pose=(1.5, -20.0, 0.0))
    source = dataclasses.replace(published(7, pts_s=1 / 3, faces=[seen]), source="a.jpg")
    record = dict(zip(FIELDS, *records_of(source), strict=True))
    found = json.loads(json.dumps(frame_json(source, source.faces)))
    (shown,) = found["faces"]
    flat = found | shown | shown["box"] | shown["probabilities"]
    flat |= {f"smoothed_{label}": shown["smoothed"][label] for label in LABELS}
    assert {field: flat[field] for field in record} == record


def test_pixels_that_came_with_a_frame_are_not_kept() -> None:
    kept = published_frame(result(structs.replace(frame(1), picture=b"x" * 1000)), ())
    assert all(getattr(kept, item.name) != b"x" * 1000 for item in dataclasses.fields(kept))
