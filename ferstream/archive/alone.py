"""Recordings analysed one after the other, without a scheduler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from multiprocessing import get_context

from ferstream.archive.task import Job, Outcome, analyse, failed


class Alone:
    """One process beside this one, started again where a recording ends it."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def analyse(self, job: Job) -> Outcome:
        """Do one job."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, get_context("spawn"))
        try:
            return self._pool.submit(analyse, job).result()
        except BrokenProcessPool:
            self.close()
            return failed(job, "it ended the process that analysed it")

    def close(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def analyse_alone(jobs: Iterable[Job]) -> Iterator[Outcome]:
    """Yield what becomes of each job."""
    with closing(Alone()) as alone:
        for job in jobs:
            yield alone.analyse(job)
