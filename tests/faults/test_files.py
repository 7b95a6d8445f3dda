"""Recordings that are cut off or have bits flipped, in the containers that people have."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import av
import pytest

from capture.sources.video_file import VideoFile
from tests.e2e.lossless_runs import analyse, frame_ids, rows_of
from tests.support import media

pytestmark = pytest.mark.e2e

FRAMES = 60
FLIPS = 300
HEADER_BYTES = 2048
NEEDS_ITS_INDEX = ".mp4"
"""What is cut off there is the index, at the end, without which no picture can be found."""


def recording(folder: Path, ending: str) -> Path:
    """Write the beginning of the bundled clip as H.264, in an avi as Motion JPEG."""
    path = folder / f"talk{ending}"
    if ending == ".avi":
        return media.cut_demo(path, 0, FRAMES)
    with av.open(str(media.DEMO)) as demo, av.open(str(path), "w") as made:
        stream = made.add_stream_from_template(demo.streams.video[0])
        for packet in islice(demo.demux(video=0), FRAMES):
            packet.stream = stream
            made.mux(packet)
    return path


def flip_bits(path: Path) -> None:
    """Change pictures; a file whose header or index is broken is no video, and refused as such."""
    data = bytearray(path.read_bytes())
    end = data.rfind(b"moov") if path.suffix == NEEDS_ITS_INDEX else len(data)
    chance = random.Random(path.suffix)
    for _ in range(FLIPS):
        data[chance.randrange(HEADER_BYTES, end)] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def decodable_frames(path: Path) -> int:
    video = VideoFile(path)
    try:
        return sum(1 for _ in iter(video.read, None))
    finally:
        video.close()


@pytest.mark.parametrize("damage", [flip_bits, cut_off])
@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".avi"])
def test_damaged_recording_gives_what_decodes_or_one_line_of_why_not(
    tmp_path: Path, ending: str, damage: Callable[[Path], None]
) -> None:
    video, results = recording(tmp_path, ending), tmp_path / "talk.csv"
    damage(video)
    with analyse(video, results) as pipeline:
        code = pipeline.wait()
        pipeline.assert_nothing_left()
    assert "Traceback" not in pipeline.log
    if damage is cut_off and ending == NEEDS_ITS_INDEX:
        assert code == 2, pipeline.log
        assert f"CAPTURE_SOURCE={video}" in pipeline.log
        assert not results.exists()
    else:
        assert code == 0, pipeline.log
        found = frame_ids(rows_of(results))
        assert found == list(range(decodable_frames(video)))
        assert len(found) > FRAMES // 4
