"""Pictures that come with their faces, for who draws the boxes."""

from __future__ import annotations

import numpy as np

from publisher.web.streams import JPEG_TYPE
from publisher.web.with_faces import CONTENT_TYPE
from tests.publisher.asking import get
from tests.publisher.described import assert_described
from tests.publisher.material import FACE, Rig, camera_status, meanwhile, pipeline
from tests.publisher.uploading import decoded
from tests.support.http_stream import RawTold
from tests.support.waiting import eventually


def test_every_picture_comes_with_the_faces_of_its_frame(running: Rig) -> None:
    def publish() -> None:
        running.ring.write(0, np.full(running.ring.shape, running.frames % 50 * 5, np.uint8))
        running.publish_next()

    running.report(pipeline(camera_status()))
    with meanwhile(publish), RawTold(running.url) as viewer:
        assert f"Content-Type: {CONTENT_TYPE}" in viewer.head
        for _ in range(3):
            viewer.read_picture()
        found = [viewer.read_picture() for _ in range(20)]
    for told, jpeg in found:
        assert_described(told, "Told")
        of = told["frame"]
        assert round(decoded(jpeg)[:10].mean() / 5) == (of["frame_id"] - 1) % 50
    (face,) = found[-1][0]["frame"]["faces"]
    assert (tuple(face["box"].values()), face["label"]) == (FACE, "happy")


def test_words_come_without_a_frame(running: Rig) -> None:
    running.publish_next()
    with RawTold(running.url) as viewer:
        assert viewer.read_picture()[0]["frame"]["frame_id"] == 1
        running.report(pipeline(camera_status(online=False, reason="unplugged")))
        eventually(lambda: viewer.read_picture()[0]["frame"] is None, "the words")


def test_a_single_picture_is_told_likewise_and_is_a_jpeg_for_all_others(running: Rig) -> None:
    running.publish_next()
    path = "/snapshot/cam.jpg?boxes=0"
    head, _, jpeg = get(running, path, Accept=CONTENT_TYPE).body.partition(b"\n")
    assert b'"frame_id":1' in head
    code, headers, plain = get(running, path)
    assert (code, headers["Content-Type"], plain) == (200, JPEG_TYPE, jpeg)
