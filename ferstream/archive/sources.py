"""The recordings that sources name: folders, patterns, files and prefixes of object stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path, PurePosixPath

from capture.sources.recordings import VIDEO_SUFFIXES
from common.errors import ConfigError
from ferstream.archive.stores import Store, StoredFile
from ferstream.patterns import matches_of


@dataclass(frozen=True, slots=True)
class ArchivedVideo:
    """A recording of an archive.

    Attributes:
        name: Its path from the folder that was named, with that folder's name: what its results
            are filed under.
        store: The address of the store that it is in.
        file: The file there.
    """

    name: str
    store: str
    file: StoredFile


def find_videos(sources: Sequence[str]) -> list[ArchivedVideo]:
    """Return the videos that are named, sorted by name.

    Raises:
        ConfigError: Nothing is there, or it cannot be listed, or two would have one name.
    """
    found = (video for source in sources for video in _named(source))
    once = {(video.name, video.file.path): video for video in found}  # patterns may give one twice
    for name, times in Counter(name for name, _ in once).items():
        if times > 1:
            raise ConfigError(
                f"{times} videos would be filed as {name}; name a folder that holds both, or give "
                "each a --to of its own"
            )
    return sorted(once.values(), key=lambda video: video.name)


def shard_of(videos: Sequence[ArchivedVideo], index: int, count: int) -> list[ArchivedVideo]:
    """Return every ``count``-th of the videos, from ``index`` on, which begins with 0."""
    return list(videos[index::count])


def _named(source: str) -> Iterator[ArchivedVideo]:
    matches = None if "://" in source else matches_of(source)
    if matches is not None:
        pattern = Path(source).expanduser().absolute()
        root = next(folder for folder in pattern.parents if not has_magic(str(folder)))
        for match in matches:
            yield from _in(str(match), PurePosixPath(root))
        return
    try:
        found = list(_in(source))
    except OSError as error:
        raise ConfigError(f"{source}: {error}") from error
    if not found:
        raise ConfigError(f"{source}: no videos there ({', '.join(sorted(VIDEO_SUFFIXES))})")
    yield from found


def _in(address: str, root: PurePosixPath | None = None) -> Iterator[ArchivedVideo]:
    """Yield a file that is named, whatever its ending, or the videos of a folder.

    Args:
        address: What is named.
        root: The folder that names begin with; where None, the one that is named.
    """
    store = Store(address)
    named = store.file()
    if named is not None:
        path = PurePosixPath(named.path)
        yield ArchivedVideo(_name(path, root) if root else path.name, address, named)
        return
    for file in store.files():
        path = PurePosixPath(file.path)
        if path.suffix.lower() in VIDEO_SUFFIXES:
            yield ArchivedVideo(_name(path, root or PurePosixPath(store.root)), address, file)


def _name(path: PurePosixPath, root: PurePosixPath) -> str:
    return str(root.name / path.relative_to(root))
