"""Tests of an archive whose workers are on several hosts, one of which is cut off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import ferstream
from tests.ferstream.archive.conftest import Archive
from tests.support.hosts import Host, InHost, NoHostsError, hosts
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

LOST_S = 12
"""After so long without an answer a connection counts as broken: the least that Dask takes is 11 s,
its own setting 30 s."""


class Hosts:
    """A scheduler on one host and a worker on each of two others."""

    def __init__(self, archive: Archive, made: tuple[Host, ...]) -> None:
        self.head, self.near, self.far = made
        self.address = f"tcp://{self.head.address}:8786"
        self.environ = archive.environ | {
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": f"{LOST_S}s",
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": f"{LOST_S}s",
        }
        self.folder = archive.folder
        self.started: list[InHost] = []
        self.start(self.head, "scheduler", "--host", self.head.address, "--port", "8786")
        for host in (self.near, self.far):
            self.start(host, "worker", self.address, "--nthreads", "1", "--host", host.address)

    def start(self, host: Host, what: str, *arguments: str) -> None:
        module = f"distributed.cli.dask_{what}"
        quiet = subprocess.DEVNULL
        command = [sys.executable, "-m", module, *arguments, "--no-dashboard"]
        self.started.append(
            host.start(
                command, self.folder, env=self.environ, stdin=quiet, stdout=quiet, stderr=quiet
            )
        )

    def archive(self, command: list[str]) -> InHost:
        return self.head.start(
            [*command, "--scheduler", self.address],
            self.folder,
            env=self.environ,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def made(archive: Archive) -> Iterator[Hosts]:
    with ExitStack() as stack:
        try:
            found = stack.enter_context(hosts("head", "near", "far"))
        except NoHostsError as error:
            pytest.skip(str(error))
        cluster = Hosts(archive, found)
        yield cluster
    for process in cluster.started:  # they ended with their hosts
        process.wait(60)


def test_what_a_host_had_in_hand_is_done_by_another_when_it_is_cut_off(
    archive: Archive, made: Hosts, long: Path
) -> None:
    process = made.archive(archive.command(long))
    eventually(lambda: list(archive.notes.glob("*-far-*")), "work on the far host")
    made.far.cut()
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    workers = [entry["worker"].partition(":")[0] for entry in archive.manifest().values()]
    assert len(workers) == 4
    assert "near" in workers
    alike = [ferstream.read(archive.to / name).drop_columns("camera") for name in archive.results()]
    assert len(alike) == 4
    assert all(records.equals(alike[0]) for records in alike)
