"""One recording of an archive, from its file to the file of its records: what a worker does."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from common.errors import FerstreamError, SourceError
from common.opencv import cv2
from ferstream.analyzer import Analyzer
from ferstream.archive.sources import ArchivedVideo
from ferstream.archive.stores import Store
from ferstream.records import write_parquet
from publisher.as_json import Json
from publisher.results.metadata import PARQUET_KEY

FINGERPRINT = "fingerprint"
"""Under this name the metadata of a file of records has what it was made from."""

_OF_ITS_NAME = {errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EEXIST}
"""Errors of writing that say nothing about the records of other recordings."""

log = logging.getLogger(__name__)


class Status(str, Enum):
    """What became of a recording."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is to do.

    Attributes:
        video: The recording.
        to: The address of the folder for results.
        settings: Those of ``Analyzer``.
        about: What the records are made by where the job comes from: a worker of another version
            or with another model does not do it.
    """

    video: ArchivedVideo
    to: str
    settings: Mapping[str, Any]
    about: Json

    @property
    def target(self) -> str:
        """The name of the file of records."""
        return f"{self.video.name}.parquet"

    @property
    def fingerprint(self) -> str:
        """What the records depend on: recording, settings, models and version."""
        file = self.video.file
        made_from = [file.size, file.modified_ns, self.about]
        return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a recording.

    Attributes:
        video: Its name.
        status: Whether its records are there.
        target: The name of their file; empty where it failed.
        reason: Why it failed.
        frames: How many frames were analysed.
        seconds: How long that took.
        worker: By which process, host and number.
        ends_run: Whether it failed for what the others would fail for, too.
    """

    video: str
    status: Status
    target: str = ""
    reason: str = ""
    frames: int = 0
    seconds: float = 0.0
    worker: str = ""
    ends_run: bool = False


class _AnotherError(FerstreamError):
    """The worker would make other records than those that are asked for."""


def analyse(job: Job, scratch: Path | None = None) -> Outcome:
    """Analyse a recording, unless that was done with the same settings, models and version.

    Args:
        job: What to do.
        scratch: A folder for what is only needed meanwhile; the system's where None.
    """
    started = time.monotonic()
    worker = f"{socket.gethostname()}:{os.getpid()}"
    cv2.setNumThreads(1)  # for good: recordings may be analysed in several threads at once
    try:
        store = Store(job.to)
        if _fingerprint_of(store, job.target) == job.fingerprint:
            return Outcome(job.video.name, Status.SKIPPED, job.target, worker=worker)
        with tempfile.TemporaryDirectory(prefix="ferstream-", dir=scratch) as folder:
            frames, records = _analyse(job, Path(folder))
            try:
                store.put(records, job.target)
            except OSError as error:
                reason = f"its records cannot be written: {error}"
                return failed(job, reason, worker, ends_run=error.errno not in _OF_ITS_NAME)
    except _AnotherError as error:
        return failed(job, str(error), worker, ends_run=True)
    except (FerstreamError, OSError) as error:
        return failed(job, str(error), worker)
    except Exception as error:  # whatever it is, the other recordings go on
        log.exception("%s", job.video.name)
        return failed(job, f"{type(error).__name__}: {error}", worker)
    seconds = time.monotonic() - started
    return Outcome(job.video.name, Status.DONE, job.target, "", frames, seconds, worker)


def failed(job: Job, reason: str, worker: str = "", *, ends_run: bool = False) -> Outcome:
    """Return the outcome of a job that could not be done."""
    return Outcome(
        job.video.name,
        Status.FAILED,
        reason=reason,
        worker=worker,
        ends_run=ends_run,
    )


def _analyse(job: Job, folder: Path) -> tuple[int, Path]:
    """Return how many frames there were and the file of the records."""
    analyzer = _analyzer(job)
    if analyzer.about != job.about:
        raise _AnotherError(
            f"{socket.gethostname()} has another version of ferstream or other models: install the "
            f"same everywhere (there {analyzer.about}, here {job.about})"
        )
    recording = Store(job.video.store).fetch(job.video.file.path, folder)
    records = folder / "records.parquet"
    try:
        with analyzer.opened(recording) as analysis:
            made_by = {**analysis.metadata, FINGERPRINT: job.fingerprint}
            return write_parquet(analysis.frames, made_by, records), records
    except SourceError as error:
        raise SourceError(str(error).removeprefix(f"{recording}: ")) from error


def _fingerprint_of(store: Store, name: str) -> str | None:
    """Return what a file of records was made from, if it is there."""
    made_by = store.parquet_metadata(name).get(PARQUET_KEY, b"{}")
    try:
        found = json.loads(made_by)[FINGERPRINT]
    except (ValueError, TypeError, KeyError):
        return None
    return found if isinstance(found, str) else None


class _Kept(threading.local):
    """The analyzer that a thread has used last; loading one takes as long as many frames."""

    settings: Mapping[str, Any] | None = None
    analyzer: Analyzer


_kept = _Kept()


def _analyzer(job: Job) -> Analyzer:
    if _kept.settings != job.settings:
        _kept.analyzer = Analyzer(**job.settings)
        _kept.settings = job.settings
    return _kept.analyzer
