from __future__ import annotations

import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from common.errors import SourceError
from common.ring import RingReader, RingWriter
from common.ring_files import is_ring_name, new_ring_path, ring_directory
from common.stale_rings import remove_stale_rings

HEIGHT, WIDTH = 6, 8
READ = """
import sys, numpy
from common.ring import RingReader
path, slot, height, width = sys.argv[1], *map(int, sys.argv[2:5])
reader = RingReader()
print(reader.read(path, slot, height, width).sum(), flush=True)
sys.stdin.readline()
print(reader.read(path, slot, height, width).sum(), flush=True)
"""


def picture(value: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((HEIGHT, WIDTH, 3), value, np.uint8)


@pytest.fixture
def writer(tmp_path: Path) -> RingWriter:
    return RingWriter(HEIGHT, WIDTH, 3, tmp_path)


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_another_process_sees_what_is_written_also_later(writer: RingWriter) -> None:
    writer.write(1, picture(2))
    writer.write(2, picture(9))
    arguments = [str(writer.path), "1", str(HEIGHT), str(WIDTH)]
    with subprocess.Popen(
        [sys.executable, "-c", READ, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert int(process.stdout.readline()) == 2 * HEIGHT * WIDTH * 3
        writer.write(1, picture(3))
        process.stdin.write("\n")
        process.stdin.close()
        assert int(process.stdout.readline()) == 3 * HEIGHT * WIDTH * 3
    assert process.returncode == 0


def test_slots_do_not_touch_each_other(writer: RingWriter) -> None:
    for slot in range(3):
        writer.write(slot, picture(slot + 1))
    reader = RingReader()
    for slot in range(3):
        assert (reader.read(str(writer.path), slot, HEIGHT, WIDTH) == slot + 1).all()


def test_reader_cannot_write(writer: RingWriter) -> None:
    view = RingReader().read(str(writer.path), 0, HEIGHT, WIDTH)
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0, 0] = 1


def test_file_is_the_owners_alone_and_as_long_as_the_frames_need(writer: RingWriter) -> None:
    found = writer.path.stat()
    assert found.st_mode & 0o777 == 0o600
    assert found.st_size == 3 * HEIGHT * WIDTH * 3
    assert is_ring_name(writer.path)
    assert f"-{os.getpid()}-" in writer.path.name


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system cannot reserve space")
def test_space_is_taken_at_once_so_that_writing_cannot_run_out_of_it(tmp_path: Path) -> None:
    ring = RingWriter(100, 100, 20, tmp_path)
    assert ring.path.stat().st_blocks * 512 >= 100 * 100 * 3 * 20


def test_too_little_space_is_told_with_numbers_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(0, 0, 10_000_000))
    with pytest.raises(SourceError) as caught:
        RingWriter(1080, 1920, 24, tmp_path)
    assert "24 frames of 1920x1080 need 149 MB" in str(caught.value)
    assert "10 MB free; enlarge it (docker: --shm-size=512m)" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_ring_that_cannot_be_made_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot make a ring of 0 frames"):
        RingWriter(HEIGHT, WIDTH, 0, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_closing_deletes_the_file_and_who_has_it_mapped_keeps_the_pixels(
    writer: RingWriter,
) -> None:
    writer.write(0, picture(7))
    reader = RingReader()
    reader.read(str(writer.path), 0, HEIGHT, WIDTH)
    writer.close()
    writer.close()
    assert not writer.path.exists()
    assert (reader.read(str(writer.path), 0, HEIGHT, WIDTH) == 7).all()


def test_reader_lets_go_of_deleted_rings_when_it_maps_another(
    writer: RingWriter, tmp_path: Path
) -> None:
    reader = RingReader()
    reader.read(str(writer.path), 0, HEIGHT, WIDTH)
    writer.close()
    other = RingWriter(HEIGHT, WIDTH, 1, tmp_path)
    reader.read(str(other.path), 0, HEIGHT, WIDTH)
    with pytest.raises(SourceError, match="cannot be mapped"):
        reader.read(str(writer.path), 0, HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("slot", "height", "width"),
    [
        (3, HEIGHT, WIDTH),
        (-1, HEIGHT, WIDTH),
        (2**62, HEIGHT, WIDTH),
        (0, 0, WIDTH),
        (0, -HEIGHT, -WIDTH),
        (0, 2**31, 2**31),
    ],
)
def test_slot_that_is_not_in_the_ring_is_refused(
    writer: RingWriter, slot: int, height: int, width: int
) -> None:
    with pytest.raises(SourceError, match="has no slot"):
        RingReader().read(str(writer.path), slot, height, width)


@pytest.mark.parametrize(
    "ring",
    [
        "/etc/passwd",
        "",
        "ferstream-1-0123456.ring",
        "ferstream-1-0123456g.ring",
        "ferstream-x-01234567.ring",
        "ferstream-1-01234567.ring.bak",
        "ferstream-12345678901234567890-01234567.ring",
        "ferstream-\N{ARABIC-INDIC DIGIT ONE}-01234567.ring",
    ],
)
def test_file_that_is_no_ring_is_not_opened(ring: str) -> None:
    with pytest.raises(SourceError, match="is not the name of a ring file"):
        RingReader().read(ring, 0, HEIGHT, WIDTH)


@pytest.mark.parametrize("content", [None, b""])
def test_ring_that_is_gone_or_empty_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = new_ring_path(tmp_path)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match="cannot be mapped"):
        RingReader().read(str(path), 0, HEIGHT, WIDTH)


def test_only_rings_of_dead_owners_are_removed(writer: RingWriter, tmp_path: Path) -> None:
    stale = tmp_path / f"ferstream-{dead_pid()}-01234567.ring"
    others = [
        tmp_path / f"ferstream-{os.getppid()}-01234567.ring",
        tmp_path / "ferstream-notes.ring",
        tmp_path / "ferstream-99999999999999999999-01234567.ring",
        tmp_path / "holiday.ring",
    ]
    for path in (stale, *others):
        path.touch()
    assert remove_stale_rings(tmp_path) == [stale]
    assert not stale.exists()
    assert all(path.exists() for path in (writer.path, *others))


def test_stale_ring_that_cannot_be_removed_does_not_keep_others_from_it(tmp_path: Path) -> None:
    pid = dead_pid()
    (tmp_path / f"ferstream-{pid}-00000000.ring").mkdir()
    stale = tmp_path / f"ferstream-{pid}-11111111.ring"
    stale.touch()
    assert remove_stale_rings(tmp_path) == [stale]


def test_rings_go_to_memory_where_the_system_offers_it() -> None:
    shared = Path("/dev/shm")  # noqa: S108
    expected = shared if os.access(shared, os.W_OK) else ring_directory()
    assert ring_directory() == expected
