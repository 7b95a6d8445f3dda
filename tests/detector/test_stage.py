from __future__ import annotations

from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from common.contract import Mode
from common.messages import DetectRun, Faces, Frame
from common.pixels import Bgr, Gray
from detector.config import DetectorConfig
from detector.detectors import Detector, create_detector
from detector.plan import EVERYTHING
from detector.seen_face import SeenFace
from detector.stage import MAX_CAMERAS, DetectorWorker
from tests.support.scenes import colour_scene, frame_with_face

YUNET = DetectorConfig(detector="yunet")
FRAME = Frame("cam", 1, 0.0, 1, 2, 480, 640, "", 0)


@pytest.fixture(scope="module")
def yunet() -> Detector:
    return create_detector(YUNET)


def sent(pixels: Bgr | Gray) -> Frame:
    """Return the frame as a capture sends it to another host: a JPEG, in grey or in colour."""
    done, jpeg = cv2.imencode(".jpg", pixels)
    assert done
    height, width = pixels.shape[:2]
    return replace(FRAME, height=height, width=width, picture=jpeg.tobytes())


def answer(detector: Detector, *frames: Frame, max_turn_deg: int = 60) -> list[Faces]:
    worker = DetectorWorker(detector, DetectorConfig(max_turn_deg=max_turn_deg))
    return list(worker.answer(DetectRun(7, Mode.LOSSLESS, frames)))


def test_a_face_by_yunet_has_a_crop_and_a_pose(yunet: Detector) -> None:
    upright, tilted = answer(yunet, sent(colour_scene()), replace(sent(colour_scene(30)), cut=True))
    assert len(upright.boxes) == len(upright.crops) == len(upright.poses) == 1
    assert np.abs(upright.poses).max() < 25
    assert tilted.poses[0, 0] - upright.poses[0, 0] == pytest.approx(30, abs=8)
    assert tilted.turned_away == upright.turned_away == (False,)


def test_a_face_turned_further_than_asked_for_is_turned_away(yunet: Detector) -> None:
    (faces,) = answer(yunet, sent(colour_scene()), max_turn_deg=0)
    assert faces.turned_away == (True,)
    assert len(faces.crops) == 1


def test_yunet_takes_a_jpeg_in_grey_for_one_in_colour(yunet: Detector) -> None:
    (faces,) = answer(yunet, sent(frame_with_face(320, 240, 90)))
    assert len(faces.boxes) == len(faces.poses) == 1


def test_a_frame_by_yunet_without_a_face_has_no_poses(yunet: Detector) -> None:
    (faces,) = answer(yunet, sent(np.zeros((480, 640, 3), np.uint8)))
    assert faces.poses.shape == (0, 3)
    assert faces.turned_away == ()


def test_haar_sees_no_landmarks_and_so_no_poses() -> None:
    detector = create_detector(DetectorConfig())
    (faces,) = answer(detector, sent(frame_with_face(320, 240, 90)), max_turn_deg=0)
    assert len(faces.boxes) == 1
    assert faces.poses.shape == (0, 3)
    assert faces.turned_away == ()


@pytest.mark.parametrize(
    ("mode", "cut", "full_searches"),
    [
        (Mode.LIVE, False, [1, 1, 1]),
        (Mode.LIVE, True, [1, 1, 1]),
        (Mode.LOSSLESS, False, [1, 2, 3]),
        (Mode.LOSSLESS, True, [1, 2, 3]),
        (Mode.IMAGE, True, [1, 2, 3]),
    ],
    ids=["live goes on", "a still is known", "lossless", "images", "uploads"],
)
def test_what_a_run_remembers_of_the_one_before(
    yunet: Detector,
    monkeypatch: pytest.MonkeyPatch,
    mode: Mode,
    cut: bool,
    full_searches: list[int],
) -> None:
    find_faces = Mock(wraps=yunet.find_faces)
    monkeypatch.setattr(yunet, "find_faces", find_faces)
    worker = DetectorWorker(yunet, YUNET)
    frame = replace(sent(colour_scene()), cut=cut)
    counts = []
    for _ in full_searches:
        (faces,) = worker.answer(DetectRun(7, mode, (frame,)))
        assert len(faces.boxes) == 1
        counts.append(sum(call.args[1] == EVERYTHING for call in find_faces.call_args_list))
    assert counts == full_searches


def test_live_images_are_each_searched_by_themselves(yunet: Detector) -> None:
    worker = DetectorWorker(yunet, YUNET)
    one, other = (replace(sent(colour_scene(deg)), cut=True) for deg in (0, 30))
    empty = replace(sent(np.zeros((480, 640, 3), np.uint8)), cut=True)
    alone = {
        number: [faces.boxes.tolist() for faces in answer(yunet, frame)]
        for number, frame in enumerate((one, other, empty))
    }
    found = [
        [faces.boxes.tolist() for faces in worker.answer(DetectRun(7, Mode.LIVE, (frame,)))]
        for frame in (one, one, other, one, empty, empty, other)
    ]
    assert found == [alone[number] for number in (0, 0, 1, 0, 2, 2, 1)]


def test_live_every_camera_has_its_own_faces(yunet: Detector) -> None:
    worker = DetectorWorker(yunet, YUNET)
    shown = sent(colour_scene())
    empty = replace(sent(np.zeros((480, 640, 3), np.uint8)), camera="other")
    counts = [
        len(faces.boxes)
        for frame in (shown, empty, shown, empty)
        for faces in worker.answer(DetectRun(7, Mode.LIVE, (frame,)))
    ]
    assert counts == [1, 0, 1, 0]


def test_cameras_that_come_and_go_for_ever_are_not_all_remembered(yunet: Detector) -> None:
    worker = DetectorWorker(yunet, YUNET)
    frame = sent(np.zeros((48, 64, 3), np.uint8))
    for number in range(2 * MAX_CAMERAS):
        tuple(worker.answer(DetectRun(7, Mode.LIVE, (replace(frame, camera=f"c{number}"),))))
        assert len(worker._live) <= MAX_CAMERAS


def test_a_face_whose_landmarks_are_those_of_no_head_is_left_out(
    yunet: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_head = SeenFace(np.array([100, 100, 50, 50], np.int32), np.full((5, 2), 120.0))
    find_faces = yunet.find_faces
    monkeypatch.setattr(yunet, "find_faces", lambda *seen: [no_head, *find_faces(*seen)])
    (faces,) = answer(yunet, sent(colour_scene()))
    assert len(faces.boxes) == len(faces.crops) == len(faces.poses) == 1
    assert faces.boxes[0, 0] > 200


def test_nobody_looks_for_faces_in_a_frame_that_has_failed(yunet: Detector) -> None:
    failed = replace(sent(colour_scene()), cut=True, failed=True)
    none, one = answer(yunet, failed, replace(sent(colour_scene()), cut=True, frame_id=2))
    assert (none.frame_id, len(none.boxes), len(none.crops)) == (1, 0, 0)
    assert (one.frame_id, len(one.boxes)) == (2, 1)
