"""A whole pipeline under honcho, as a user starts it, on an address and a port of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from common.ring_files import ring_directory

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("common.broker", "capture", "detector", "classifier", "publisher")
START_S = 60.0  # on a loaded machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], Any], what: str, timeout_s: float = START_S) -> Any:
    """Wait until ``condition`` gives something true, and give that."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout_s:.0f} s in vain for {what}")


class Pipeline:
    """``honcho start`` in the project's folder, with an environment of its own.

    Args:
        arguments: Of ``honcho start``.
        settings: Environment variables on top of the defaults.
    """

    def __init__(self, *arguments: str, **settings: str | Path) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ferstream-test-"))
        self.port = free_port()
        self.environ = clean_environ() | {
            "BROKER_ENDPOINT": f"ipc://{self.directory}/broker.ipc",
            "PUBLISHER_PORT": str(self.port),
            **{name: str(value) for name, value in settings.items()},
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "honcho", "-f", str(ROOT / "Procfile"), "start", *arguments],
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
        """Give status and body; status 0 while nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError:
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
        wait_for(
            lambda: self.camera(camera).get("published", 0) >= frames,
            f"{frames} published frames of {camera}; log:\n{self.log}",
        )

    def processes(self, module: str) -> list[psutil.Process]:
        """Give this pipeline's processes of a module, such as ``classifier.stage``."""
        found = []
        for process in psutil.process_iter():
            try:
                command = process.cmdline()
                if command[1:3] != ["-m", module]:
                    continue
                if process.environ().get("BROKER_ENDPOINT") == self.environ["BROKER_ENDPOINT"]:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def all_processes(self) -> list[psutil.Process]:
        modules = [name for stage in STAGES for name in (stage, f"{stage}.stage")]
        return [process for module in modules for process in self.processes(module)]

    def start_worker(self, stage: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one more worker by hand, as a user does in another terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", stage, *arguments],
            cwd=ROOT,
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait(self, timeout_s: float = 100.0) -> int:
        """Wait for the pipeline to end by itself; give its exit code."""
        code = self.process.wait(timeout_s)
        self._reader.join(5)
        return code

    def interrupt(self) -> int:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.wait(10)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.interrupt()
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def assert_nothing_left(self, timeout_s: float = 5.0) -> None:
        """No process, socket file or ring is left, within five seconds."""
        wait_for(lambda: not self.all_processes(), "the processes to end", timeout_s)
        left = [path.name for path in self.directory.iterdir() if "broker" in path.name]
        assert left == []
        wait_for(
            lambda: not any(owner_is_dead(path) for path in rings()),
            "the rings of the dead to be removed",
            timeout_s,
        )

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)


def clean_environ() -> dict[str, str]:
    """Give the environment without settings of a pipeline around the tests."""
    prefixes = ("CAPTURE_", "DETECTOR", "CLASSIFIER_", "PUBLISHER_", "BROKER_", "FERSTREAM_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    kept.pop("HONCHO_PROCESS_NAME", None)
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
    }


def rings() -> list[Path]:
    return list(ring_directory().glob("ferstream-*.ring"))


def owner_is_dead(ring: Path) -> bool:
    return not psutil.pid_exists(int(ring.name.split("-")[1]))
