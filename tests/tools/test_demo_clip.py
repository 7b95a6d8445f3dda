"""The committed demonstration clip is what it says, and has faces to find."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import cv2
import numpy as np
import pytest

import ferstream
from benchmarks.labelled_videos import read_frames
from common.face_model import LABELS
from detector.cascade import DEFAULT_CASCADE, load_cascade
from tools.demo_clip import timeline
from tools.demo_clip.drawn_face import EXPRESSIONS, Looks, blend, draw_face

CLIP = Path(__file__).resolve().parents[2] / "capture" / "demo" / "demo.mp4"
SAMPLE_EVERY = 15  # frames
SAMPLES = 48
MAX_BYTES = 1_500_000

Boxes = Sequence[Sequence[int]]


@pytest.fixture(scope="module")
def found() -> dict[int, Boxes]:
    """The boxes (x, y, width, height) that the Haar detector finds, by frame index."""
    cascade = load_cascade(DEFAULT_CASCADE)
    return {
        index: cascade.detectMultiScale(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), 1.2, 5)
        for index, bgr in enumerate(read_frames(CLIP))
        if index % SAMPLE_EVERY == 0
    }


def test_clip_has_the_promised_format() -> None:
    clip = cv2.VideoCapture(str(CLIP))
    size = clip.get(cv2.CAP_PROP_FRAME_WIDTH), clip.get(cv2.CAP_PROP_FRAME_HEIGHT)
    timing = clip.get(cv2.CAP_PROP_FPS), clip.get(cv2.CAP_PROP_FRAME_COUNT)
    clip.release()
    assert (size, timing) == ((640, 480), (30, timeline.DURATION_S * 30))


def test_clip_is_small_and_its_index_is_at_the_front() -> None:
    content = CLIP.read_bytes()
    assert len(content) <= MAX_BYTES
    assert 0 < content.find(b"moov") < content.find(b"mdat")


def test_provenance_names_the_committed_clip() -> None:
    digest = hashlib.sha256(CLIP.read_bytes()).hexdigest()
    assert digest in CLIP.with_name("PROVENANCE.md").read_text(encoding="utf-8")


def test_detector_finds_faces_in_most_frames(found: dict[int, Boxes]) -> None:
    counts = np.array([len(boxes) for boxes in found.values()])
    assert len(counts) == SAMPLES
    assert (counts >= 1).mean() > 0.6
    assert (counts >= 2).sum() >= 10
    assert (counts >= 3).sum() >= 5


def test_faces_come_in_different_sizes(found: dict[int, Boxes]) -> None:
    widths = [box[2] for boxes in found.values() for box in boxes]
    assert min(widths) <= 60
    assert max(widths) >= 180


def test_found_faces_are_where_the_timeline_puts_them(found: dict[int, Boxes]) -> None:
    at_home, total = 0, 0
    for index, boxes in found.items():
        poses = [pose for _, pose in timeline.poses_at(index / timeline.FPS)]
        for x, y, width, height in boxes:
            total += 1
            at_home += any(
                np.hypot(x + width / 2 - pose.x_px, y + height / 2 - pose.y_px)
                < 0.35 * pose.face_px
                for pose in poses
            )
    assert at_home / total > 0.9


@pytest.mark.slow
def test_its_records_have_all_seven_expressions() -> None:
    """As the pipeline shows them with its defaults, each for at least a second."""
    records = ferstream.analyze_video(CLIP, progress=False).to_pylist()
    shown = Counter(record["label"] for record in records if record["shown"])
    assert all(shown[label] >= timeline.FPS for label in LABELS), shown


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("looks", [timeline.ADA, timeline.BEN, timeline.CLEO])
def test_a_drawn_face_is_read_as_what_it_is_drawn_as(looks: Looks, expression: str) -> None:
    drawn = draw_face(looks, EXPRESSIONS[expression], 110, (264, 308)).picture
    (face,) = ferstream.analyze(np.clip(drawn, 0, 255).astype(np.uint8))
    assert face.label == expression


def test_a_drawn_face_changes_without_jumps() -> None:
    (card,) = (card for card in timeline.CARDS if card.portrait == timeline.ADA)
    before, changed = (timeline.features_at(card, at) for at in (15.99, 16.51))
    assert before == EXPRESSIONS["angry"]
    assert changed == EXPRESSIONS["surprise"]
    halfway = timeline.features_at(card, 16.25)
    assert halfway is not None
    assert astuple(halfway) == pytest.approx(
        astuple(blend(EXPRESSIONS["angry"], EXPRESSIONS["surprise"], 0.5))
    )


def test_photographs_are_as_they_were_taken() -> None:
    photographs = [card for card in timeline.CARDS if isinstance(card.portrait, timeline.Portrait)]
    assert len(photographs) == 4
    assert [timeline.features_at(card, 1.0) for card in photographs] == [None] * 4


def test_people_enter_and_leave_and_overlap() -> None:
    moments = np.arange(0, timeline.DURATION_S, 0.1)
    for card in timeline.CARDS:
        present = [timeline.pose_at(card, float(moment)) is not None for moment in moments]
        assert any(present)
        assert not all(present)
    assert any(
        np.hypot(a.x_px - b.x_px, a.y_px - b.y_px) < (a.face_px + b.face_px) / 2
        for moment in moments
        for _, a in timeline.poses_at(float(moment))
        for _, b in timeline.poses_at(float(moment))
        if a is not b
    )


def test_cards_appear_and_vanish_outside_the_picture() -> None:
    for card in timeline.CARDS:
        for keyframe in (card.keyframes[0], card.keyframes[-1]):
            half_px = timeline.CARD_WIDTH_FACES * keyframe.face_px / 2
            assert keyframe.x_px + half_px < 0 or keyframe.x_px - half_px > timeline.WIDTH_PX


def test_the_end_joins_the_beginning() -> None:
    before = timeline.poses_at(timeline.DURATION_S - 1e-6)
    after = timeline.poses_at(0.0)
    kept = {card: pose for card, pose in before if card in dict(after)}
    assert len(kept) >= 2
    for card, pose in after:
        if card in kept:
            assert pose.x_px == pytest.approx(kept[card].x_px, abs=0.01)
            assert pose.y_px == pytest.approx(kept[card].y_px, abs=0.01)
            assert pose.face_px == pytest.approx(kept[card].face_px, abs=0.01)


def test_cards_move_without_jumps() -> None:
    frames = round(timeline.DURATION_S * timeline.FPS)
    for card in timeline.CARDS:
        poses = [timeline.pose_at(card, index / timeline.FPS) for index in range(frames)]
        for first, second in itertools.pairwise(poses):
            if first is not None and second is not None:
                assert np.hypot(second.x_px - first.x_px, second.y_px - first.y_px) < 12


def test_a_moment_outside_the_keyframes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected 0\.0 to 13\.5 seconds, got 14"):
        timeline.interpolate(timeline.CARDS[2].keyframes, 14.0)
