"""A whole pipeline under honcho, as a user starts it, on an address and a port of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psutil

from common.child import STARTER
from common.ring_files import ring_directory
from tests.support.rings import is_stale
from tests.support.waiting import DEADLINE_S, eventually

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 10.0
"""How long a pipeline that ends may take; a supervisor kills its stage after three seconds."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))  # free on every address, for some pipelines are served on all
        port: int = probe.getsockname()[1]
        return port


def honcho_command(*arguments: str) -> list[str]:
    """Return the command that starts the pipeline, such as with ``-c detector=2``."""
    return [sys.executable, "-m", "honcho", "-f", str(ROOT / "Procfile"), "start", *arguments]


def module_of(command: list[str]) -> str:
    """Return the module that a command runs, by itself or started as the pipeline's are."""
    words = [word for word in command[1:4] if word not in ("-m", STARTER)]
    return words[0] if command[1:2] == ["-m"] and words else ""


def alone_after(before: str) -> list[str]:
    """Return what to put before a command that is to run where something else is mounted."""
    return ["unshare", "--mount", "sh", "-c", f'{before} && exec "$@"', "sh"] if before else []


def pipeline_environ(directory: Path, port: int, **settings: str | Path) -> dict[str, str]:
    """Return the environment of a pipeline on an address of its own, without settings of others."""
    prefixes = ("CAPTURE_", "DETECTOR", "CLASSIFIER_", "PUBLISHER_", "BROKER_", "FERSTREAM_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    kept.pop("HONCHO_PROCESS_NAME", None)
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "BROKER_ENDPOINT": f"ipc://{directory}/broker.ipc",
        "PUBLISHER_PORT": str(port),
        **{name: str(value) for name, value in settings.items()},
    }


class Pipeline:
    """``honcho start`` in the project's folder, with an environment of its own.

    Args:
        arguments: What follows ``honcho start``.
        settings: Environment variables on top of the defaults.

    Attributes:
        before: A shell command, after which honcho runs in a mount namespace of its own.
    """

    before = ""

    def __init__(self, *arguments: str, **settings: str | Path) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ferstream-test-"))
        self.port = free_port()
        self.environ = pipeline_environ(self.directory, self.port, **settings)
        self.process = self.popen(
            [*alone_after(self.before), *honcho_command(*arguments)],
            cwd=ROOT,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def log(self) -> str:
        return "".join(self.lines)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body; status 0 while nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except (OSError, HTTPException):  # or it was killed in the middle of its answer
            return 0, b""

    def status(self) -> dict[str, Any]:
        code, body = self.get("/api/status")
        return dict(json.loads(body)) if code == 200 else {}

    def camera(self, name: str = "demo") -> dict[str, Any]:
        cameras = self.status().get("cameras", [])
        return next((camera for camera in cameras if camera["camera"] == name), {})

    def peers(self, role: str) -> list[dict[str, Any]]:
        return list(self.status().get("workers", {}).get(role, []))

    def wait_published(self, frames: int, camera: str = "demo") -> None:
        eventually(
            lambda: self.camera(camera).get("published", 0) >= frames,
            lambda: f"{frames} published frames of {camera}; log:\n{self.log}",
        )

    def processes(self, module: str = "") -> list[psutil.Process]:
        """Return this pipeline's processes, or those of a module such as ``classifier.stage``."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("BROKER_ENDPOINT") != self.environ["BROKER_ENDPOINT"]:
                    continue
                if not module or module_of(process.cmdline()) == module:
                    found.append(process)
        return found

    def start_worker(self, stage: str, **settings: str | Path) -> subprocess.Popen[bytes]:
        """Start one more worker by hand, as a user does in another terminal."""
        return self.popen(
            [sys.executable, "-m", stage],
            cwd=ROOT,
            env=self.environ | {name: str(value) for name, value in settings.items()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def popen(self, command: list[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a program where the pipeline runs."""
        return subprocess.Popen(command, **options)

    @contextlib.contextmanager
    def worker(self, stage: str, **settings: str | Path) -> Iterator[subprocess.Popen[bytes]]:
        """Start one more worker by hand, and end it as Ctrl-C does.

        Ctrl-C itself is lost on one that has hardly started where a shell had it ignored.
        """
        process = self.start_worker(stage, **settings)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(DEADLINE_S)

    def wait(self, timeout_s: float = 100.0) -> int:
        """Wait for the pipeline to end by itself; return its exit code."""
        code = self.process.wait(timeout_s)
        self._reader.join(5)
        return code

    def interrupt(self) -> int:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.wait(PATIENCE_S)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.interrupt()
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def kill(self, module: str = "") -> None:
        """Kill this pipeline's processes at once, or those of a module."""
        for process in self.processes(module):
            with contextlib.suppress(psutil.NoSuchProcess):  # it noticed that others are gone
                process.kill()

    def assert_nothing_left(self) -> None:
        """No process, socket file or ring is left soon."""
        eventually(lambda: not self.processes(), "the processes' end", PATIENCE_S)
        assert not list(self.directory.glob("*broker*"))
        eventually(lambda: not rings_of_the_dead(), "the end of the dead's rings", PATIENCE_S)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)


def rings_of_the_dead() -> list[Path]:
    return [ring for ring in ring_directory().glob("*.ring") if is_stale(ring)]
