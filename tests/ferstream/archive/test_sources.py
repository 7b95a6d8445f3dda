"""Tests of which recordings are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConfigError
from ferstream.archive.sources import ArchivedVideo, find_videos, shard_of
from ferstream.archive.stores import StoredFile


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
