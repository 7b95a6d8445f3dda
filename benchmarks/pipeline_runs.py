"""How benchmarks start a pipeline: on an address, a port and settings of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def honcho_command(workers: str = "") -> list[str]:
    """Return the command that starts the pipeline, such as ``classifier=2`` for more workers."""
    concurrency = ["-c", workers] if workers else []
    return [sys.executable, "-m", "honcho", "-f", str(ROOT / "Procfile"), "start", *concurrency]


def pipeline_environ(directory: Path, port: int, **settings: str | Path) -> dict[str, str]:
    """Return the environment of a pipeline whose sockets are in ``directory``."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "BROKER_ENDPOINT": f"ipc://{directory}/broker.ipc",
        "PUBLISHER_PORT": str(port),
        **{name: str(value) for name, value in settings.items()},
    }


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def live_pipeline(workers: str, **settings: str) -> Iterator[tuple[str, int]]:
    """Run a pipeline; yield the address of its pages and the id of its first process."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="ferstream-") as name,
        (Path(name) / "log").open("wb") as log,
    ):
        pipeline = subprocess.Popen(
            honcho_command(workers),
            cwd=ROOT,
            env=pipeline_environ(Path(name), port, **settings),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"http://127.0.0.1:{port}", pipeline.pid
        finally:
            pipeline.send_signal(signal.SIGINT)
            pipeline.wait()
