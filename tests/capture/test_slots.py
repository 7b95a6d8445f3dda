"""Tests of capture.slots."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from capture.slots import LOSSLESS_MAX_SLOTS, InlineSlots, RingSlots, lossless_slots
from common.contract import MIN_LOSSLESS_SLOTS
from common.ring import RingReader
from common.ring_files import ring_directory
from tests.support import media
from tests.support.rings import rings_of
from tests.support.waiting import eventually


@pytest.fixture
def slots() -> Iterator[RingSlots]:
    made = RingSlots(3)
    yield made
    made.close()


def rings() -> set[Path]:
    return rings_of(psutil.Process())


@pytest.mark.parametrize(("cores", "slots"), [(1, 34), (2, 44), (64, LOSSLESS_MAX_SLOTS)])
def test_lossless_slots_are_as_many_as_detectors_on_all_cores_need(
    monkeypatch: pytest.MonkeyPatch, cores: int, slots: int
) -> None:
    monkeypatch.setattr("capture.slots.usable_cores", lambda: cores)
    assert lossless_slots(48, 64) == slots


def test_lossless_slots_fit_the_memory_set_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capture.slots.usable_cores", lambda: 64)
    assert MIN_LOSSLESS_SLOTS <= lossless_slots(720, 1280) <= 46
    assert lossless_slots(2160, 3840) == MIN_LOSSLESS_SLOTS


def test_a_slot_holds_the_frame_until_it_is_freed(slots: RingSlots) -> None:
    places = [slots.put(media.picture(level)) for level in (10, 20, 30)]
    assert slots.put(media.picture(40)) is None
    reader = RingReader()
    for place, level in zip(places, (10, 20, 30), strict=True):
        assert place is not None
        pixels = reader.read(place.ring, place.slot, media.HEIGHT, media.WIDTH)
        assert np.all(pixels == level)
    assert places[1] is not None
    slots.free(places[1])
    again = slots.put(media.picture(40))
    assert again == places[1]


def test_the_slot_freed_longest_ago_is_used_first(slots: RingSlots) -> None:
    first = slots.put(media.picture(1))
    assert first is not None
    slots.free(first)
    used = [slots.put(media.picture(2)) for _ in range(3)]
    assert [place.slot for place in used if place] == [1, 2, 0]


def test_another_size_gets_a_new_ring_and_the_old_goes_with_its_last_slot(
    slots: RingSlots,
) -> None:
    small = slots.put(media.picture(1))
    large = slots.put(media.picture(2, 128, 96))
    assert small is not None
    assert large is not None
    assert small.ring != large.ring
    assert rings() == {Path(small.ring), Path(large.ring)}
    slots.free(small)
    assert rings() == {Path(large.ring)}
    slots.free(large)
    assert rings() == {Path(large.ring)}, "the ring in use stays for the next frame"


def test_sizes_that_alternate_share_the_slots_and_the_rings(slots: RingSlots) -> None:
    places = [slots.put(media.picture(1, *size)) for size in ((64, 48), (96, 64), (64, 48))]
    assert len({place.ring for place in places if place}) == 2
    assert slots.put(media.picture(1, 32, 32)) is None
    assert len(rings()) == 2


@pytest.mark.parametrize("announced", [MIN_LOSSLESS_SLOTS, LOSSLESS_MAX_SLOTS])
def test_a_later_ring_of_any_size_holds_two_runs(announced: int) -> None:
    slots = RingSlots(announced)
    small = slots.put(media.picture(1, 64, 64))
    assert small is not None
    slots.free(small)
    large = media.picture(2, 1600, 1200)  # of which 22 fit the memory set apart
    assert all(slots.put(large) for _ in range(MIN_LOSSLESS_SLOTS))
    slots.close()


def test_pictures_that_all_differ_take_no_more_than_they_need() -> None:
    slots = RingSlots(MIN_LOSSLESS_SLOTS)
    pictures = [media.picture(1, 640 + index, 480) for index in range(MIN_LOSSLESS_SLOTS)]
    assert all(slots.put(picture) for picture in pictures)
    first, *others = sorted((ring.stat().st_size for ring in rings()), reverse=True)
    assert first == MIN_LOSSLESS_SLOTS * pictures[0].size
    assert sum(others) == sum(picture.size for picture in pictures[1:])
    slots.close()


def test_a_frame_without_memory_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    slots = RingSlots(LOSSLESS_MAX_SLOTS)
    assert slots.put(media.picture(1))
    large = media.picture(1, 1600, 1200)
    usage = shutil.disk_usage(ring_directory())._replace(free=large.size - 1)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: usage)
        assert slots.put(large) is None
    assert re.match(r"1 frame of 1600x1200 needs 6 MB in .* --shm-size", slots.trouble)
    assert slots.put(large) is None, "it is not tried at once again"
    assert eventually(lambda: slots.put(large))
    assert slots.trouble == ""
    slots.close()


def test_a_ring_that_is_of_no_use_any_more_makes_room_before_the_next_is_made(
    slots: RingSlots, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = slots.put(media.picture(1))
    assert place is not None
    slots.free(place)
    usage = shutil.disk_usage(ring_directory())
    there: list[set[Path]] = []

    def look(_: Path) -> object:
        there.append(rings())
        return usage

    monkeypatch.setattr(shutil, "disk_usage", look)
    assert slots.put(media.picture(1, 96, 64))
    assert not any(there)


def test_a_ring_that_somebody_deleted_is_left_for_a_new_one(slots: RingSlots) -> None:
    lost = slots.put(media.picture(1))
    assert lost is not None
    Path(lost.ring).unlink()
    place = slots.put(media.picture(2))
    assert place is not None
    assert rings() == {Path(place.ring)}
    slots.free(lost)
    again = slots.put(media.picture(3))
    assert again is not None
    assert again.ring == place.ring


def test_inline_frames_are_jpegs_of_the_same_picture() -> None:
    slots = InlineSlots(2)
    place = slots.put(media.picture(80))
    assert place is not None
    assert place.ring == ""
    decoded = cv2.imdecode(np.frombuffer(place.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (media.HEIGHT, media.WIDTH, 3)
    assert abs(int(decoded[0, 0, 0]) - 80) < 3
    assert slots.put(media.picture(80)) is not None
    assert slots.put(media.picture(80)) is None
    slots.free(place)
    assert slots.put(media.picture(80)) is not None


def test_a_frame_too_long_for_a_jpeg_has_no_place() -> None:
    slots = InlineSlots(2)
    assert slots.put(media.picture(1, 65_501, 1)) is None
    assert "65501x1 do not fit a JPEG" in slots.trouble
    assert slots.put(media.picture(1)) is not None
    assert slots.trouble == ""
