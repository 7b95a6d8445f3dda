from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from common.face_model import Boxes, no_boxes
from common.pixels import Pixels
from detector.boxes import Box, distinct_faces
from detector.config import DetectorConfig
from detector.haar import PARTS, HaarDetector
from detector.plan import EVERYTHING, SearchPart, spread_plan, whole_plan
from detector.search import MAX_MISSES, MAX_UNCONFIRMED, FaceSearch
from detector.seen_face import SeenFace, Square, boxes_of, square_around
from detector.yunet import PARTS as YUNET_PARTS
from tests.support.scenes import background, frame_with_face, is_at, paste_face

FACE = np.array([100, 100, 50, 50], np.int32)
ELSEWHERE = np.array([300, 100, 50, 50], np.int32)


class ScriptedDetector:
    """Answers as it is told, and counts what it is asked."""

    colour = False
    parts: tuple[SearchPart, ...] = PARTS
    model: Path | None = None

    def __init__(self) -> None:
        self.everywhere: Boxes = no_boxes()
        self.near: dict[tuple[int, ...], Box | None] = {}
        self.asked_for: list[SearchPart] = []
        self.certain = False

    def find_faces(
        self, frame: Pixels, part: SearchPart = EVERYTHING, known: Boxes | None = None
    ) -> list[SeenFace]:
        del frame, known
        self.asked_for.append(part)
        return [SeenFace(box) for box in self.everywhere]

    def find_face_near(self, frame: Pixels, face: SeenFace) -> SeenFace | None:
        del frame
        box = self.near.get(tuple(face.box.tolist()), face.box)
        return None if box is None else SeenFace(box, certain=self.certain)

    def crop_square(self, face: SeenFace) -> Square:
        return square_around(face.box, 0.0)


def scripted(interval_frames: int, *, spread: bool = False) -> tuple[FaceSearch, ScriptedDetector]:
    detector = ScriptedDetector()
    plan = spread_plan(PARTS, interval_frames) if spread else whole_plan(interval_frames)
    return FaceSearch(detector, plan), detector


def boxes_in(search: FaceSearch, frame: Pixels) -> Boxes:
    return boxes_of(search.search(frame))


def new_search() -> FaceSearch:
    settings = DetectorConfig()
    return FaceSearch(HaarDetector(settings), whole_plan(settings.interval_frames))


@pytest.fixture
def search() -> FaceSearch:
    return new_search()


@pytest.mark.parametrize(
    ("across", "down", "growth"), [(0, 0, 3), (0, 0, -2), (12, 6, 2), (16, -3, 0), (-6, 8, -1)]
)
def test_follows_a_face_that_moves_and_changes_between_full_searches(
    search: FaceSearch, across: int, down: int, growth: int
) -> None:
    for step in range(10):
        x, y, face_px = 280 + across * step, 230 + down * step, 80 + growth * step
        boxes = boxes_in(search, frame_with_face(x, y, face_px))
        assert len(boxes) == 1
        assert is_at(boxes[0], x, y, face_px)


def test_follows_a_face_through_skipped_frames(search: FaceSearch) -> None:
    for step in range(8):
        boxes = boxes_in(search, frame_with_face(120 + 34 * step, 240, 90))
        assert len(boxes) == 1
        assert is_at(boxes[0], 120 + 34 * step, 240, 90)


def test_a_face_that_walks_out_of_the_frame_is_dropped(search: FaceSearch) -> None:
    for x in range(600, 760, 10):
        search.search(frame_with_face(x, 240, 90))
    assert boxes_in(search, background()).shape == (0, 4)


def test_a_face_that_disappears_is_gone_at_once(search: FaceSearch) -> None:
    assert len(search.search(frame_with_face(320, 240))) == 1
    for _ in range(25):
        assert boxes_in(search, background()).shape == (0, 4)


def test_does_not_drift_onto_noise(search: FaceSearch) -> None:
    noise = np.random.default_rng(3)
    search.search(frame_with_face(320, 240))
    for _ in range(25):
        assert len(search.search(noise.integers(0, 256, (480, 640), np.uint8))) == 0


def test_a_face_lost_for_a_moment_is_found_again_before_the_next_full_search(
    search: FaceSearch,
) -> None:
    search.search(frame_with_face(320, 240))
    assert len(search.search(background())) == 0
    (box,) = boxes_in(search, frame_with_face(322, 241))
    assert is_at(box, 322, 241, 90)


def test_faces_that_cross_stay_two(search: FaceSearch) -> None:
    for step in range(12):
        gray = frame_with_face(100 + 8 * step, 150, 60)
        paste_face(gray, 540 - 8 * step, 330, 90)
        assert len(search.search(gray)) == 2


def test_the_same_frames_after_a_reset_give_the_same_boxes_whatever_the_threads(
    search: FaceSearch,
) -> None:
    frames = [frame_with_face(150 + 9 * step, 200, 60 + step) for step in range(12)]
    before = cv2.getNumThreads()
    runs = []
    try:
        for threads in (1, 3):
            cv2.setNumThreads(threads)
            search.reset()
            runs.append([boxes_in(search, gray).tolist() for gray in frames])
    finally:
        cv2.setNumThreads(before)
    assert all(len(boxes) == 1 for boxes in runs[0])
    assert runs[0] == runs[1]


def test_a_reset_search_remembers_nothing(search: FaceSearch) -> None:
    fresh = new_search()
    for step in range(5):
        search.search(frame_with_face(200 + 10 * step, 150, 100))
    search.reset()
    for step in range(5):
        gray = frame_with_face(400, 300 + 3 * step, 60)
        assert boxes_in(search, gray).tolist() == boxes_in(fresh, gray).tolist()


def test_a_change_of_resolution_starts_anew(search: FaceSearch) -> None:
    search.search(frame_with_face(320, 240))
    (box,) = boxes_in(search, frame_with_face(900, 300, 140, 1280, 720))
    assert is_at(box, 900, 300, 140)


@pytest.mark.parametrize(
    ("interval_frames", "searches"), [(4, [1, 1, 1, 1, 2, 2, 2, 2, 3]), (1, [1, 2, 3, 4, 5])]
)
def test_the_frame_is_searched_in_full_once_an_interval(
    interval_frames: int, searches: list[int]
) -> None:
    search, detector = scripted(interval_frames)
    detector.everywhere = FACE[None]
    counts = []
    for _ in searches:
        assert boxes_in(search, background()).tolist() == [FACE.tolist()]
        counts.append(len(detector.asked_for))
    assert counts == searches


def test_a_new_face_is_added_by_the_next_full_search() -> None:
    search, detector = scripted(interval_frames=3)
    detector.everywhere = FACE[None]
    search.search(background())
    detector.everywhere = np.stack([FACE, ELSEWHERE])
    counts = [len(search.search(background())) for _ in range(3)]
    assert counts == [1, 1, 2]


def test_a_box_that_full_searches_do_not_confirm_is_forgotten() -> None:
    search, detector = scripted(interval_frames=2)
    detector.everywhere = FACE[None]
    search.search(background())
    detector.everywhere = no_boxes()
    counts = [len(search.search(background())) for _ in range(2 * MAX_UNCONFIRMED)]
    assert counts == [1] * (2 * MAX_UNCONFIRMED - 1) + [0]


def test_a_face_that_its_window_shows_for_certain_needs_no_full_search() -> None:
    search, detector = scripted(interval_frames=2)
    detector.everywhere, detector.certain = FACE[None], True
    search.search(background())
    detector.everywhere = no_boxes()
    counts = [len(search.search(background())) for _ in range(4 * MAX_UNCONFIRMED)]
    assert counts == [1] * (4 * MAX_UNCONFIRMED)


def test_a_face_missed_too_often_is_no_longer_looked_for() -> None:
    search, detector = scripted(interval_frames=100)
    detector.everywhere = FACE[None]
    search.search(background())
    detector.near[tuple(FACE.tolist())] = None
    for _ in range(MAX_MISSES):
        assert len(search.search(background())) == 0
    detector.near.clear()
    assert len(search.search(background())) == 0


def test_a_face_lost_in_its_window_is_taken_up_where_a_full_search_finds_it() -> None:
    search, detector = scripted(interval_frames=2)
    detector.everywhere = FACE[None]
    search.search(background())
    detector.near[tuple(FACE.tolist())] = None
    assert len(search.search(background())) == 0
    moved = FACE + np.array([10, 0, 0, 0], np.int32)
    detector.everywhere = moved[None]
    assert boxes_in(search, background()).tolist() == [moved.tolist()]


def test_windows_that_come_to_show_one_face_become_one_box() -> None:
    search, detector = scripted(interval_frames=100)
    detector.everywhere = np.stack([FACE, ELSEWHERE])
    assert len(search.search(background())) == 2
    detector.near[tuple(ELSEWHERE.tolist())] = FACE
    assert boxes_in(search, background()).tolist() == [FACE.tolist()]


def test_a_missed_face_does_not_hide_the_one_seen_in_its_place() -> None:
    search, detector = scripted(interval_frames=100)
    detector.everywhere = np.stack([FACE, ELSEWHERE])
    search.search(background())
    detector.near[tuple(FACE.tolist())] = None
    detector.near[tuple(ELSEWHERE.tolist())] = FACE
    assert boxes_in(search, background()).tolist() == [FACE.tolist()]


def test_a_box_within_a_box_is_the_same_face_and_side_by_side_are_two() -> None:
    boxes = np.array([[0, 0, 100, 100], [30, 30, 40, 40], [80, 0, 100, 100]], np.int32)
    assert distinct_faces(boxes) == [0, 2]


def test_a_frame_in_colour_is_refused(search: FaceSearch) -> None:
    with pytest.raises(ValueError, match="expected a grey frame"):
        search.search(np.zeros((480, 640, 3), np.uint8))


def test_spread_search_looks_for_each_part_once_a_cycle_in_different_frames() -> None:
    search, detector = scripted(10, spread=True)
    asked = []
    for _ in range(20):
        before = len(detector.asked_for)
        search.search(background())
        asked.append(detector.asked_for[before:])
    assert [part for frame in asked for part in frame] == [EVERYTHING, *PARTS[1:], *PARTS]
    assert max(len(frame) for frame in asked) == 1


@pytest.mark.parametrize("parts", [PARTS, YUNET_PARTS], ids=["haar", "yunet"])
def test_parts_of_the_spread_search_leave_no_side_and_no_place_out(
    parts: tuple[SearchPart, ...],
) -> None:
    for side in np.geomspace(1, 100, 200):
        for place in np.linspace(0, 1, 50):
            assert any(
                part.smallest <= side <= part.largest and part.left <= place <= part.right
                for part in parts
            ), (side, place)


@pytest.mark.parametrize("x", [130, 160, 310, 320, 480, 510])
@pytest.mark.parametrize("side_px", [30, 45, 70, 120, 250])
def test_parts_of_a_search_find_what_the_whole_finds(x: int, side_px: int) -> None:
    detector = HaarDetector(DetectorConfig())
    gray = frame_with_face(x, 200, side_px)
    found = [face for part in PARTS for face in detector.find_faces(gray, part)]
    assert any(is_at(face.box, x, 200, side_px) for face in found)


@pytest.mark.parametrize(("part", "side_px"), list(zip(PARTS, (30, 42, 70, 150), strict=True)))
def test_a_part_finds_the_faces_of_its_sides(part: SearchPart, side_px: int) -> None:
    gray = frame_with_face(310, 200, side_px)
    (face,) = HaarDetector(DetectorConfig()).find_faces(gray, part)
    assert is_at(face.box, 310, 200, side_px)


@pytest.mark.parametrize("interval_frames", [1, 5, 6, 17])
def test_plans_are_as_long_as_the_interval(interval_frames: int) -> None:
    assert len(whole_plan(interval_frames)) == interval_frames
    assert len(spread_plan(PARTS, interval_frames)) == interval_frames


def test_face_found_in_one_part_is_not_forgotten_because_the_others_do_not_see_it() -> None:
    search, detector = scripted(6, spread=True)
    for number in range(20):
        detector.everywhere = FACE[None] if number % 6 == 1 else no_boxes()
        boxes = boxes_in(search, background())
        if number:
            assert boxes.tolist() == [FACE.tolist()]


def test_face_that_no_part_finds_for_two_cycles_is_forgotten() -> None:
    search, detector = scripted(6, spread=True)
    detector.everywhere = FACE[None]
    search.search(background())
    detector.everywhere = no_boxes()
    seen = [len(search.search(background())) for _ in range(6 * (MAX_UNCONFIRMED + 1))]
    assert seen == sorted(seen, reverse=True)
    assert 6 * (MAX_UNCONFIRMED - 1) <= sum(seen) < 6 * (MAX_UNCONFIRMED + 1)
