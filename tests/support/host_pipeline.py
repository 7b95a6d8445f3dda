"""A pipeline on one host, and workers on others that reach it over tcp with keys."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.contract import Role
from common.keys.folder import add_key, make_folder
from tests.support.hosts import Host, InHost
from tests.support.pipeline import ROOT, Pipeline
from tests.support.waiting import DEADLINE_S

PORT = 5555


class HostPipeline(Pipeline):
    """``honcho start`` on a host.

    Args:
        host: Where.
        folder: Where its keys are made and logs of workers are kept.
        arguments: What follows ``honcho start``.
        settings: Environment variables on top of the defaults.
    """

    def __init__(self, host: Host, folder: Path, *arguments: str, **settings: str | Path) -> None:
        self.host = host
        self.folder = folder
        self.keys = folder / "keys"
        make_folder(self.keys)
        endpoint = f"tcp://{host.address}:{PORT}"
        super().__init__(*arguments, BROKER_ENDPOINT=endpoint, BROKER_KEYS=self.keys, **settings)

    def __enter__(self) -> HostPipeline:
        return self

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body; status 0 while nobody answers."""
        return self.host.call(super().get, path)

    def add_key(self, name: str, *roles: Role) -> Path:
        """Return a new key, as if copied to another machine."""
        return add_key(self.keys, name, frozenset(roles), frozenset())

    @contextmanager
    def worker_on(self, host: Host, stage: str, **settings: str | Path) -> Iterator[InHost]:
        """Start one more worker by hand on a host, with a key of its own, and end it."""
        name = f"{stage}-on-{host.name}"
        key = self.add_key(name, Role(stage))
        given = {"BROKER_KEYS": key, **settings}
        environ = self.environ | {name: str(value) for name, value in given.items()}
        with self.log_of(name).open("w") as log:
            process = host.start(
                [sys.executable, "-m", stage],
                cwd=ROOT,
                env=environ,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(DEADLINE_S)

    def log_of(self, worker: str) -> Path:
        """Return where the log of a worker is, such as ``classifier-on-b``."""
        return self.folder / f"{worker}.log"

    def popen(self, command: list[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a program on the pipeline's host."""
        return self.host.start(command, **options)
