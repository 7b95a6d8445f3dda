"""Recordings analysed one after the other, without a scheduler."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from ferstream.archive.task import Job, Outcome, analyse, failed


class Alone:
    """One process beside this one, which ends with it; started again where a recording ends it."""

    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="ferstream-")
        self._start()

    def _start(self) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, Path(self._scratch.name))
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()  # so that its end is the end of the pipe

    def analyse(self, job: Job) -> Outcome:
        """Do one job."""
        try:
            self._pipe.send(job)
            outcome: Outcome = self._pipe.recv()
        except (EOFError, OSError):
            self._end()
            self._start()
            return failed(job, "it ended the process that analysed it")
        return outcome

    def _end(self) -> None:
        self._process.terminate()
        self._process.join()
        self._pipe.close()

    def close(self) -> None:
        """End the process, whatever it is at, and remove what it has left."""
        self._end()
        self._scratch.cleanup()


def analyse_alone(jobs: Iterable[Job]) -> Iterator[Outcome]:
    """Yield what becomes of each job."""
    with closing(Alone()) as alone:
        for job in jobs:
            yield alone.analyse(job)


def _serve(jobs: Connection, scratch: Path) -> None:
    """Do what comes until nobody is there who sends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who has sent the jobs ends this
    with suppress(EOFError, OSError):
        while True:
            jobs.send(analyse(jobs.recv(), scratch))
