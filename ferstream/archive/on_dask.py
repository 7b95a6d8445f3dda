"""Recordings analysed by the workers of a Dask cluster: one on this machine, or one that runs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import dask

dask.config.set({"logging": {"distributed": "error"}})  # before it is imported, for it looks then

from distributed import (  # noqa: E402
    CancelledError,
    Client,
    Future,
    KilledWorker,
    LocalCluster,
    as_completed,
    get_worker,
)

from common.errors import ConfigError, FerstreamError  # noqa: E402
from ferstream.archive.task import Job, Outcome, analyse, failed  # noqa: E402

CONNECT_S = 10
MOST_KILLED = 1
"""So many processes may end over a recording before it is left, in a cluster on this machine."""

DEADLY = "it ended the processes that analysed it, or took all their memory"

log = logging.getLogger(__name__)


def analyse_on_dask(
    jobs: Iterable[Job],
    workers: int,
    scheduler: str | None = None,
    resources: Mapping[str, float] | None = None,
) -> Iterator[Outcome]:
    """Yield what becomes of each job, in the order in which they end.

    Args:
        jobs: What to do.
        workers: How many processes, on this machine.
        scheduler: The address of a cluster that runs, instead.
        resources: What a worker must have for a job, such as ``{"GPU": 1}``.

    Raises:
        ConfigError: There is no scheduler at the address.
        FerstreamError: It is gone.
    """
    with _cluster(workers, scheduler) as client:
        if not client.nthreads():
            start = f"dask worker {scheduler} --nthreads 1"
            log.warning("%s has no workers yet; start some: %s", scheduler, start)
            client.wait_for_workers(1)
        yield from _Spread(client, resources).outcomes(iter(jobs))


@contextmanager
def _cluster(workers: int, scheduler: str | None) -> Iterator[Client]:
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=CONNECT_S)
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"--scheduler {scheduler}: {error}") from error
        with client:
            yield client
        return
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": MOST_KILLED}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            security=True,  # else every user of this machine could have it run programs
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


class _Spread:
    """Jobs spread over the workers of a cluster, no more at once than these do at once.

    So none waits in a process that another recording ends, and is taken for guilty with it.
    """

    def __init__(self, client: Client, resources: Mapping[str, float] | None) -> None:
        self._client = client
        self._resources = dict(resources or {})
        self._running: dict[str, Job] = {}
        self._suspects: list[Job] = []

    def outcomes(self, jobs: Iterator[Job]) -> Iterator[Outcome]:
        """Yield what becomes of each."""
        done = as_completed(map(self._submit, islice(jobs, self._places())))
        for future in done:
            job = self._running.pop(future.key)
            outcome = _outcome(job, future)
            if outcome is None:
                self._suspects.append(job)
            else:
                yield outcome
            for following in islice(jobs, max(0, self._places() - len(self._running))):
                done.add(self._submit(following))
        for job in self._suspects:  # by themselves: a thread beside theirs may have been to blame
            yield _outcome(job, self._submit(job)) or failed(job, DEADLY)

    def _submit(self, job: Job) -> Future:
        future = self._client.submit(_analyse, job, pure=False, resources=self._resources)
        self._running[future.key] = job
        return future

    def _places(self) -> int:
        threads: int = sum(self._client.nthreads().values())
        return max(1, threads)


def _analyse(job: Job) -> Outcome:
    return analyse(job, Path(get_worker().local_directory))


def _outcome(job: Job, future: Future) -> Outcome | None:
    """Wait for a job, and return what became of it; None where its processes have ended.

    Raises:
        FerstreamError: The scheduler is gone.
    """
    try:
        outcome: Outcome = future.result()
    except KilledWorker:
        return None
    except CancelledError as error:
        raise FerstreamError("the scheduler is gone; run it again to go on") from error
    except Exception as error:  # noqa: BLE001 - the worker has no ferstream, or another one
        return failed(job, f"{type(error).__name__}: {error}")
    return outcome
