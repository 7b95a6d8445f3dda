"""Recordings that are cut off or have bits flipped, in the containers that people have."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.e2e.lossless_runs import analyse, frame_ids, rows_of
from tests.support import media

pytestmark = pytest.mark.e2e

FRAMES = 60
FLIPS = 40
HEADER_BYTES = 2048
"""Left as they are: a file whose header is broken is no video, and refused as such."""


def recording(folder: Path, ending: str) -> Path:
    path = folder / f"talk{ending}"
    if ending == ".avi":
        return media.write_mjpeg_avi(path, FRAMES)
    return media.write_h264(path, range(0, FRAMES * 40, 40))


def flip_bits(path: Path) -> None:
    data = bytearray(path.read_bytes())
    chance = random.Random(path.suffix)
    for _ in range(FLIPS):
        data[chance.randrange(HEADER_BYTES, len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize("damage", [flip_bits, cut_off])
@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".avi", ".mov"])
def test_damaged_recording_gives_what_decodes_or_one_line_of_why_not(
    tmp_path: Path, ending: str, damage: object
) -> None:
    assert callable(damage)
    video, results = recording(tmp_path, ending), tmp_path / "talk.csv"
    damage(video)
    with analyse(video, results) as pipeline:
        code = pipeline.wait()
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log
    if code == 0:
        found = frame_ids(rows_of(results))
        assert found == list(range(len(found)))
        assert found
    else:
        assert code == 2, pipeline.log
        assert f"CAPTURE_SOURCE={video}" in pipeline.log
