from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from common import ring, ring_files
from common.errors import SourceError
from common.ring import RingReader, RingWriter
from common.ring_files import lock_ring, new_ring_path, ring_directory
from common.stale_rings import remove_stale_rings

HEIGHT, WIDTH = 6, 8
NOBODY = 65534
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
def writer() -> Iterator[RingWriter]:
    with closing(RingWriter(HEIGHT, WIDTH, 3)) as made:
        yield made


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ring directory for one test."""
    monkeypatch.setattr(ring_files, "SHARED_MEMORY", tmp_path)
    return ring_directory()


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
    assert writer.path.parent == ring_directory()


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system cannot reserve space")
def test_space_is_taken_at_once_so_that_writing_cannot_run_out_of_it() -> None:
    with closing(RingWriter(100, 100, 20)) as ring:
        assert ring.path.stat().st_blocks * 512 >= 100 * 100 * 3 * 20


def test_too_little_space_is_told_with_numbers_and_leaves_no_file(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(0, 0, 10_000_000))
    with pytest.raises(SourceError) as caught:
        RingWriter(1080, 1920, 24)
    assert "24 frames of 1920x1080 need 149 MB" in str(caught.value)
    assert "10 MB free; enlarge it (docker: --shm-size=512m)" in str(caught.value)
    assert list(directory.iterdir()) == []


def test_ring_that_cannot_be_made_leaves_no_file(directory: Path) -> None:
    with pytest.raises(SourceError, match="cannot make a ring of 0 frames"):
        RingWriter(HEIGHT, WIDTH, 0)
    assert list(directory.iterdir()) == []


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


def maps(path: Path) -> bool:
    """Return whether this process keeps the memory of a ring."""
    return str(path) in Path("/proc/self/maps").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_reader_lets_go_of_a_deleted_ring_once_it_is_read_no_more(
    writer: RingWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring, "TIDY_INTERVAL_S", 0.0)
    reader = RingReader()
    with closing(RingWriter(HEIGHT, WIDTH, 1)) as other:
        reader.read(str(writer.path), 0, HEIGHT, WIDTH)
        reader.read(str(other.path), 0, HEIGHT, WIDTH)
        path = writer.path
        writer.close()
        reader.tidy()
        reader.read(str(path), 0, HEIGHT, WIDTH)  # of frames that are still in hand
        reader.tidy()
        del writer._slots  # of the capture, which maps it too
        assert maps(path)
        reader.tidy()
        assert not maps(path)
        assert maps(other.path)


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
        "0123456789abcdef.ring",
        "{here}/../{here.name}/0123456789abcdef.ring",
        "{here}x/0123456789abcdef.ring",
        "{here}/0123456789abcde.ring",
        "{here}/0123456789abcdeg.ring",
        "{here}/0123456789abcdef.ring.bak",
        "{here}/0123456789abcde\N{ARABIC-INDIC DIGIT ONE}.ring",
    ],
)
def test_file_that_is_no_ring_is_not_opened(ring: str) -> None:
    with pytest.raises(SourceError, match="is not the name of a ring file"):
        RingReader().read(ring.format(here=ring_directory()), 0, HEIGHT, WIDTH)


@pytest.mark.parametrize("content", [None, b""])
def test_ring_that_is_gone_or_empty_is_told_and_what_other_hosts_need(
    directory: Path, content: bytes | None
) -> None:
    path = new_ring_path(directory)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=r"cannot be mapped .*FRAME_TRANSPORT=inline"):
        RingReader().read(str(path), 0, HEIGHT, WIDTH)


def test_link_or_pipe_in_the_place_of_a_ring_is_not_followed_or_waited_for(
    directory: Path, writer: RingWriter
) -> None:
    link, pipe = new_ring_path(directory), new_ring_path(directory)
    link.symlink_to(writer.path)
    os.mkfifo(pipe)
    with pytest.raises(SourceError, match="cannot be mapped"):
        RingReader().read(str(link), 0, HEIGHT, WIDTH)
    with pytest.raises(SourceError, match="is no file of this user"):
        RingReader().read(str(pipe), 0, HEIGHT, WIDTH)


def test_only_rings_that_nobody_holds_are_removed(directory: Path) -> None:
    with closing(RingWriter(HEIGHT, WIDTH, 1)) as held:
        stale = new_ring_path(directory)
        stale.touch()
        (directory / "notes.txt").touch()
        new_ring_path(directory).mkdir()
        assert remove_stale_rings() == [stale]
        assert held.path.exists()
        assert held.has_name
    assert len(list(directory.iterdir())) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a pid namespace")
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare (util-linux)")
def test_ring_of_a_living_capture_stays_when_another_pid_namespace_looks(
    writer: RingWriter,
) -> None:
    look = "from common.stale_rings import remove_stale_rings; print(remove_stale_rings())"
    command = ["unshare", "--pid", "--fork", sys.executable, "-c", look]
    subprocess.run(command, check=True, stdout=subprocess.PIPE)
    assert writer.has_name


def test_ring_is_removed_when_its_process_was_killed(directory: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from common import ring_files
ring_files.SHARED_MEMORY = Path({str(directory.parent)!r})
from common.ring import RingWriter
ring = RingWriter(4, 4, 2)
print(ring.path, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        assert remove_stale_rings() == []
        process.kill()
    assert remove_stale_rings() == [path]


def test_ring_that_was_taken_for_a_stale_one_while_it_was_made_is_made_again(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[Path] = []

    def look_before(descriptor: int) -> bool:
        if not removed:
            removed.extend(remove_stale_rings())
        return lock_ring(descriptor)

    monkeypatch.setattr(ring, "lock_ring", look_before)
    with closing(RingWriter(HEIGHT, WIDTH, 1)) as made:
        assert removed != [made.path]
        assert list(directory.iterdir()) == [made.path]


def test_file_system_without_locks_is_told_and_leaves_no_file(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int, __: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(SourceError, match=r"cannot make a ring .*: the file system has no locks"):
        RingWriter(HEIGHT, WIDTH, 1)
    assert list(directory.iterdir()) == []


def test_ring_whose_file_was_removed_knows_it(writer: RingWriter) -> None:
    assert writer.has_name
    writer.path.unlink()
    assert not writer.has_name


def test_rings_go_to_memory_where_the_system_offers_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (ring_directory().parent == Path("/dev/shm")) == Path("/dev/shm").is_dir()  # noqa: S108
    monkeypatch.setattr(ring_files, "SHARED_MEMORY", tmp_path / "none")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert ring_directory() == tmp_path / f"ferstream-{os.getuid()}"


def test_directory_is_private_whatever_the_umask(directory: Path) -> None:
    directory.rmdir()
    before = os.umask(0)
    try:
        assert ring_directory().stat().st_mode & 0o777 == 0o700
        with closing(RingWriter(HEIGHT, WIDTH, 1)) as ring:
            assert ring.path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_directory_that_is_open_to_others_is_refused(directory: Path) -> None:
    directory.chmod(0o755)
    with pytest.raises(SourceError, match="is not a directory private to you; remove it"):
        RingWriter(HEIGHT, WIDTH, 1)
    assert remove_stale_rings() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
class TestAnotherUser:
    """A second user on this machine, as a process of its own."""

    def test_sees_no_ring_and_opens_none(self, writer: RingWriter) -> None:
        assert as_nobody(f"os.listdir({str(writer.path.parent)!r})") == "PermissionError"
        assert as_nobody(f"open({str(writer.path)!r})") == "PermissionError"
        assert as_nobody(f"os.unlink({str(writer.path)!r})") == "PermissionError"
        assert writer.has_name

    def test_cannot_put_a_directory_in_the_place_of_ours(self, directory: Path) -> None:
        os.chown(directory, NOBODY, NOBODY)
        with pytest.raises(SourceError, match="is not a directory private to you"):
            RingWriter(HEIGHT, WIDTH, 1)

    def test_cannot_have_a_file_of_its_own_mapped(self, writer: RingWriter) -> None:
        os.chown(writer.path, NOBODY, NOBODY)
        with pytest.raises(SourceError, match="is no file of this user"):
            RingReader().read(str(writer.path), 0, HEIGHT, WIDTH)


def as_nobody(expression: str) -> str:
    """Return the name of the error that an expression ends with as another user, or nothing."""
    program = f"""
import os
os.setgid({NOBODY}), os.setuid({NOBODY})
try:
    {expression}
except OSError as error:
    print(type(error).__name__)
"""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
