"""Recordings analysed by the workers of a Dask cluster: one on this machine, or one that runs."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask

dask.config.set({"logging": {"distributed": "error"}})  # before it is imported, for it looks then

from distributed import (  # noqa: E402
    CancelledError,
    Client,
    Future,
    KilledWorker,
    LocalCluster,
    get_worker,
    wait,
)
from distributed import TimeoutError as DaskTimeoutError  # noqa: E402

from common.errors import ConfigError, FerstreamError  # noqa: E402
from ferstream.archive.task import Job, Outcome, analyse, failed  # noqa: E402

CONNECT_S = 10
MOST_KILLED = 1
"""So many processes may end over a recording before it is left, in a cluster on this machine."""

LOOK_S = 2.0
"""So often it looks how many workers there are."""

GONE = "the scheduler is gone; run it again to go on"
DEADLY = "it ended the processes that analysed it, or took all their memory"

OWN_CLUSTER = {
    "distributed.scheduler.allowed-failures": MOST_KILLED,
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1},
}
"""Dask's own environment of workers also has the C library give back all memory at once, that of
each frame, too: four videos took 23.8 s instead of 18.3 (two cores, 2,880 frames, YuNet)."""

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
        resources: What a worker of it must have for a job, such as ``{"GPU": 1}``.

    Raises:
        ConfigError: There is no scheduler at the address.
        FerstreamError: It is gone.
    """
    with _cluster(workers, scheduler) as client:
        yield from _Spread(client, scheduler, resources or {}).outcomes(jobs)


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
        dask.config.set(OWN_CLUSTER),
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

    def __init__(
        self, client: Client, scheduler: str | None, resources: Mapping[str, float]
    ) -> None:
        self._client = client
        self._scheduler = scheduler
        self._resources = resources
        self._running: dict[Future, Job] = {}
        self._fit: set[str] = set()  # the workers that were looked at

    def outcomes(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Yield what becomes of each."""
        left = deque(jobs)
        suspects: list[Job] = []
        looked_at = -LOOK_S
        while left or self._running:
            if time.monotonic() - looked_at >= LOOK_S:
                places = self._places()
                looked_at = time.monotonic()
            while left and len(self._running) < places:
                self._submit(left.popleft())
            for future in self._ended():
                job = self._running.pop(future)
                outcome = _outcome(job, future)
                if outcome is None:
                    suspects.append(job)
                else:
                    yield outcome
        for job in suspects:  # by themselves: a thread beside theirs may have been to blame
            yield _outcome(job, self._submit(job)) or failed(job, DEADLY)

    def _submit(self, job: Job) -> Future:
        future = self._client.submit(_analyse, job, pure=False, resources=dict(self._resources))
        self._running[future] = job
        return future

    def _places(self) -> int:
        """Return how many jobs the workers do at once; where none can do any, say so, once."""
        workers = self._client.scheduler_info()["workers"]
        if workers.keys() - self._fit:
            self._check_versions()
            self._fit |= workers.keys()
        places = sum(_places_of(worker, self._resources) for worker in workers.values())
        if not places and self._scheduler is not None:
            needed = " ".join(f"{name}={number:g}" for name, number in self._resources.items())
            log.warning(
                "%s has no workers%s yet; start some: dask worker %s --nthreads 1%s",
                self._scheduler,
                f" with {needed}" if needed else "",
                self._scheduler,
                f' --resources "{needed}"' if needed else "",
            )
            self._scheduler = None
        return places

    def _check_versions(self) -> None:
        """Refuse a cluster that cannot load a job: without ferstream workers would leave, unsaid.

        Raises:
            FerstreamError: The scheduler or a worker has another ferstream, or none.
        """
        found = self._client.get_versions(packages=["ferstream"])
        ours = found["client"]["packages"]["ferstream"]
        for place, about in {"the scheduler": found["scheduler"], **found["workers"]}.items():
            theirs = about["packages"]["ferstream"]
            if theirs != ours:
                has = f"has ferstream {theirs}" if theirs else "has no ferstream"
                raise FerstreamError(f"{place} {has}: install {ours} there, as it is here")

    def _ended(self) -> set[Future]:
        """Wait for the end of a job, but not for long: workers may have joined meanwhile."""
        if not self._running:
            time.sleep(LOOK_S)
            return set()
        try:
            ended: set[Future] = wait(list(self._running), LOOK_S, FIRST_COMPLETED).done
        except DaskTimeoutError:
            return set()
        except CancelledError as error:
            raise FerstreamError(GONE) from error
        return ended


def _places_of(worker: Mapping[str, Any], resources: Mapping[str, float]) -> int:
    """Return how many jobs a worker does at once, by its threads and its resources."""
    threads: int = worker["nthreads"]
    has = worker["resources"]
    enough_for = [int(has.get(name, 0) // number) for name, number in resources.items()]
    return min([threads, *enough_for])


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
        raise FerstreamError(GONE) from error
    except Exception as error:  # noqa: BLE001 - not the recording's fault: it would be an outcome
        return failed(job, f"{type(error).__name__}: {error}", ends_run=True)
    return outcome
