"""Tests of which recordings are found."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConfigError
from ferstream.archive.sources import ArchivedVideo, find_videos, shard_of
from ferstream.archive.stores import StoredFile
from tests.support.pipeline import ROOT


def names(*sources: Path | str) -> list[str]:
    return [video.name for video in find_videos([str(source) for source in sources])]


def test_a_folder_gives_the_videos_in_it_by_their_paths(recordings: Path) -> None:
    assert names(recordings) == [
        "recordings/broken.mp4",
        "recordings/empty.mkv",
        "recordings/monday/talk.avi",
        "recordings/tuesday/talk.avi",
    ]


def test_hidden_files_are_none(recordings: Path) -> None:
    for name in (".trash/old.mp4", "_made/new.mp4", ".half.mp4"):
        (recordings / name).parent.mkdir(exist_ok=True)
        (recordings / name).touch()
    assert len(names(recordings)) == 4


def test_a_pattern_gives_what_fits_by_its_paths(recordings: Path) -> None:
    assert names(recordings / "*.mkv", recordings / "*day" / "talk.*") == [
        "recordings/empty.mkv",
        "recordings/monday/talk.avi",
        "recordings/tuesday/talk.avi",
    ]
    assert names(recordings / "t*")[0] == "recordings/tuesday/talk.avi"


def test_a_pattern_that_gives_folders_and_what_is_in_them_gives_each_once(recordings: Path) -> None:
    (recordings / "notes.txt").unlink()
    assert names(recordings / "**") == names(recordings)


def test_a_folder_named_by_dots_has_its_own_name(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(recordings / "monday")
    assert names("..") == names(recordings)
    assert names(".") == ["monday/talk.avi"]


def test_links_are_followed_but_not_in_circles(recordings: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/old.avi").touch()
    (recordings / "archived").symlink_to(tmp_path / "elsewhere")
    (recordings / "monday/up").symlink_to(recordings)
    (recordings / "gone.avi").symlink_to(tmp_path / "nothing")
    found = names(recordings)
    assert "recordings/archived/old.avi" in found
    assert len(found) == 5


@pytest.mark.parametrize("name", ["-x.mp4", "a%20b.mp4", "a\nb.mp4", "ü #?.mp4", "[1].mp4"])
def test_odd_names_are_names(recordings: Path, name: str) -> None:
    (recordings / name).touch()
    assert f"recordings/{name}" in names(recordings)
    assert names(recordings / name) == [name]


def test_a_name_that_is_not_utf8_is_refused(recordings: Path) -> None:
    odd = recordings / os.fsdecode(b"\xff.mp4")
    odd.touch()
    for source in (recordings, odd):
        with pytest.raises(ConfigError, match=r"xff\.mp4': the name is not UTF-8; rename it|udcff"):
            names(source)


def test_a_folder_that_may_not_be_read_is_named() -> None:
    command = (
        "import os, sys; from ferstream.archive.sources import find_videos; "
        "os.getuid() or os.setuid(65534); find_videos(sys.argv[1:])"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for name in (".trash", "locked"):  # the first is passed over
            Path(folder, name).mkdir(mode=0)
        said = subprocess.run(
            [sys.executable, "-c", command, folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        ).stderr
    assert said.splitlines()[-1] == (
        f"common.errors.ConfigError: {folder}: [Errno 13] Permission denied: '{folder}/locked'"
    )


def test_a_file_that_is_named_is_taken_whatever_its_ending(recordings: Path) -> None:
    assert names(recordings / "notes.txt") == ["notes.txt"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{}/*.avi", "nothing fits"),
        ("{}/nothing", "No such file or directory"),
        ("{}/photos", "no videos there"),
        ("gopher://recordings", "give a path or an s3:// address"),
    ],
)
def test_what_gives_nothing_is_named(recordings: Path, source: str, words: str) -> None:
    (recordings / "photos").mkdir()
    with pytest.raises(ConfigError, match=words):
        names(source.format(recordings))


def test_two_of_one_name_are_refused(recordings: Path) -> None:
    with pytest.raises(ConfigError, match=r"2 videos would be filed as talk\.avi"):
        names(recordings / "monday/talk.avi", recordings / "tuesday/talk.avi")


@given(st.integers(0, 50), st.integers(1, 12))
def test_each_video_is_in_one_shard(count: int, shards: int) -> None:
    videos = [ArchivedVideo(str(at), "", StoredFile("", 0, 0)) for at in range(count)]
    parts = [shard_of(videos, index, shards) for index in range(shards)]
    assert sorted(id(video) for part in parts for video in part) == sorted(map(id, videos))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
