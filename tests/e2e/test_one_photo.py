"""One photo has one answer, whichever way it comes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import ferstream
from common.face_model import LABELS
from tests.e2e.lossless_runs import Rows, analyse, rows_of
from tests.publisher.uploading import encoded, post_images
from tests.support.media import DEMO
from tests.support.pipeline import Pipeline
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

DEMO_FRAME = 200
TIMES = 12
"""So often a live picture is looked at: three seconds of it, longer than labels take to change."""

Said = tuple[object, ...]
"""What is said of a face: its box, label, confidence and probabilities."""


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three faces in a JPEG."""
    clip = cv2.VideoCapture(str(DEMO))
    for _ in range(DEMO_FRAME + 1):
        read, frame = clip.read()
        assert read
    clip.release()
    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    path.write_bytes(encoded(np.asarray(frame, np.uint8)))
    return path


def said_by(values: dict[str, Any]) -> Said:
    """Return what a record says, of a file or a table."""
    numbers = [values["confidence"] or None, *(values[label] for label in LABELS)]
    return (
        *(int(values[side]) for side in "xywh"),
        values["label"],
        *(None if number is None else round(float(number), 6) for number in numbers),
        str(values["shown"]).lower(),
    )


def said_of_upload(face: dict[str, Any]) -> Said:
    return said_by({**face, **face["box"], **face["probabilities"], "shown": True})


def said_by_library(face: ferstream.Face) -> Said:
    box = dict(zip("xywh", face.box, strict=True))
    told = {"label": face.label, "confidence": face.confidence, "shown": True}
    return said_by({**box, **face.probabilities, **told})


def labelled_in(results: Path) -> Rows:
    """Return the records of faces that were judged: those of the first frames may be late."""
    return [row for row in rows_of(results) if row["label"]]


@pytest.mark.parametrize("detector", ["haar", "yunet"])
def test_one_photo_has_one_answer(tmp_path: Path, photo: Path, detector: str) -> None:
    with analyse(photo, tmp_path / "lossless.csv", DETECTOR=detector) as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    expected = [said_by(row) for row in rows_of(tmp_path / "lossless.csv")]
    assert len(expected) >= 2
    assert f"wrote {len(expected)} records" in pipeline.log

    table = ferstream.analyze_video(photo, detector=detector, progress=False)
    assert [said_by(row) for row in table.to_pylist()] == expected
    assert [
        said_by_library(face) for face in ferstream.analyze(photo, detector=detector)
    ] == expected

    shown = tmp_path / "live.csv"
    with Pipeline(CAPTURE_SOURCE=photo, PUBLISHER_RESULTS=shown, DETECTOR=detector) as pipeline:
        eventually(lambda: pipeline.get("/readyz")[0] == 200, lambda: pipeline.log)
        reply = post_images(pipeline.url, photo.read_bytes())
        assert reply.code == 200, reply.body
        (image,) = json.loads(reply.body)["images"]
        eventually(lambda: len(labelled_in(shown)) >= TIMES * len(expected), "live records")
    assert [said_of_upload(face) for face in image["faces"]] == expected
    rows = labelled_in(shown)
    tracks = {row["track_id"]: said_by(row) for row in rows}
    assert list(tracks.values()) == expected
    assert {said_by(row) for row in rows} == set(expected)
