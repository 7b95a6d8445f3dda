"""Folders of this machine and of object stores, by one set of functions."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from urllib.parse import quote
from uuid import uuid4

import pyarrow as pa
from pyarrow import fs, parquet

from common.errors import ConfigError

HIDDEN = (".", "_")
"""What files begin with that are no recordings, and that readers of data sets pass over."""
_LEFT_IN_ADDRESSES = ":/?&=%+@!$'()*,;~"
"""All else, such as spaces, is written in an address as ``%20``."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as a store lists it.

    Attributes:
        path: Its path in the store.
        size: In bytes.
        modified_ns: When it was changed last, nanoseconds since 1970.
    """

    path: str
    size: int
    modified_ns: int


class Store:
    """A folder, or a prefix of an object store, and what is in it.

    Args:
        address: A path, or an address such as ``s3://bucket/prefix``; others as ``pyarrow.fs``
            has them.

    Raises:
        ConfigError: There is no such kind of store, or its name is not UTF-8.
        OSError: It cannot be reached.

    Attributes:
        address: What leads to it from any folder.
        root: Its path in the file system that it is in.
    """

    def __init__(self, address: str) -> None:
        self.is_local = "://" not in address
        if self.is_local:
            self._files: fs.FileSystem = fs.LocalFileSystem()
            self.root = self.address = os.path.abspath(Path(address).expanduser())  # noqa: PTH100 - without ".."
            _refuse_unless_utf8(self.root)
            return
        self.address = quote(address, safe=_LEFT_IN_ADDRESSES)
        try:
            self._files, self.root = fs.FileSystem.from_uri(self.address)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ConfigError(f"{address}: {error}; give a path or an s3:// address") from error

    def files(self) -> Iterator[StoredFile]:
        """Yield all files in it, those of folders in it too, but for hidden ones.

        Raises:
            ConfigError: One has a name that is not UTF-8.
            OSError: They cannot be listed.
        """
        if self.is_local:
            yield from _files_in(self.root)
            return
        for found in self._files.get_file_info(fs.FileSelector(self.root, recursive=True)):
            inside = PurePosixPath(found.path).relative_to(self.root).parts
            if found.is_file and not any(part.startswith(HIDDEN) for part in inside):
                yield StoredFile(found.path, found.size, found.mtime_ns)

    def file(self) -> StoredFile | None:
        """Return what it is itself, if that is a file."""
        (found,) = self._files.get_file_info([self.root])
        return StoredFile(found.path, found.size, found.mtime_ns) if found.is_file else None

    def fetch(self, path: str, folder: Path) -> Path:
        """Return a file of this machine with what the path holds; ``folder`` is for a copy.

        Raises:
            OSError: It cannot be read.
        """
        if self.is_local:
            return Path(path)
        copy = folder / PurePosixPath(path).name
        with self._files.open_input_stream(path) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, 2**20)
        return copy

    def put(self, file: Path, name: str) -> None:
        """Put a file into the store under a name, which has all of it or what it had before.

        Raises:
            OSError: It cannot be written.
        """
        path = self._path(name)
        if not self.is_local:  # what is uploaded appears when all of it has come
            self._copy(file, path)
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".new-{uuid4().hex}")  # short, and nobody else's
        try:
            self._copy(file, str(new))
            new.replace(target)
        finally:
            new.unlink(missing_ok=True)

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file, None where there is none.

        Raises:
            OSError: They cannot be read.
        """
        try:
            with self._files.open_input_stream(self._path(name)) as source:
                return bytes(source.read())
        except FileNotFoundError:
            return None

    def parquet_metadata(self, name: str) -> dict[bytes, bytes]:
        """Return the metadata of a Parquet file; none where there is none or it is no such file.

        Raises:
            OSError: It cannot be read.
        """
        try:
            with self._files.open_input_file(self._path(name)) as source:
                try:
                    return parquet.read_metadata(source).metadata or {}
                except (OSError, pa.ArrowInvalid):  # what is damaged may be an OSError, too
                    return {}
        except FileNotFoundError:
            return {}

    def _copy(self, file: Path, path: str) -> None:
        with file.open("rb") as source, self._files.open_output_stream(path) as target:
            shutil.copyfileobj(source, target, 2**20)

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"


def _files_in(root: str) -> Iterator[StoredFile]:
    """Yield the files under a folder of this machine; those that links lead to are in it, too.

    Raises:
        ConfigError: One has a name that is not UTF-8.
        OSError: A folder cannot be listed.
    """
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, onerror=_raise, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # links may lead in circles
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith(HIDDEN))
        for name in names:
            path = f"{folder}/{name}"
            if not name.startswith(HIDDEN) and (status := _status_of_file(path)) is not None:
                _refuse_unless_utf8(path)
                yield StoredFile(path, status.st_size, status.st_mtime_ns)


def _status_of_file(path: str) -> os.stat_result | None:
    """Return what is known of a file; None where it is none, or a link to nothing."""
    try:
        status = os.stat(path)  # noqa: PTH116 - of what may be a hundred thousand
    except FileNotFoundError:
        return None
    return status if S_ISREG(status.st_mode) else None


def _refuse_unless_utf8(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{path!r}: the name is not UTF-8; rename it") from None


def _raise(error: OSError) -> None:
    raise error
