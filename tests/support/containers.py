"""Containers by podman, in a store of their own.

It asks for runc, cgroupfs and low limits, so it works where there is no systemd and limits cannot
be raised, such as in a container that is allowed enough.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from tests.publisher.asking import Reply, send
from tests.support.pipeline import free_port
from tests.support.programs import needed
from tests.support.waiting import eventually

ENGINE = """\
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{0}/tmp"
[network]
network_config_dir = "{0}/networks"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
"""
STORE = """\
[storage]
driver = "overlay"
graphroot = "{0}/store"
runroot = "{0}/run"
"""
RUN_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10
"""What podman and docker wait before they kill."""


class Podman:
    """podman with its own images and containers.

    Args:
        folder: Where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._program = needed("podman")
        engine, store = folder / "containers.conf", folder / "storage.conf"
        engine.write_text(ENGINE.format(folder))
        store.write_text(STORE.format(folder))
        self.environ = os.environ | {
            "CONTAINERS_CONF": str(engine),
            "CONTAINERS_STORAGE_CONF": str(store),
            "BUILDAH_ISOLATION": "chroot",
        }

    def run(
        self, *arguments: str, timeout_s: float = RUN_TIMEOUT_S
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of podman, which may fail."""
        return subprocess.run(
            [self._program, *arguments],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
        )

    def said(self, *arguments: str, timeout_s: float = RUN_TIMEOUT_S) -> str:
        """Run a command of podman that must not fail; return its output."""
        done = self.run(*arguments, timeout_s=timeout_s)
        assert done.returncode == 0, f"podman {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
        return done.stdout.strip()


class Container:
    """A container in the background, whose page is at a port of this machine.

    Args:
        podman: What runs it.
        name: Of the container.
        port: Where its page is.
        token: What its page asks for.
    """

    def __init__(self, podman: Podman, name: str, port: int, token: str = "") -> None:
        self._podman = podman
        self.name = name
        self.port = port
        self.token = token

    @classmethod
    def start(cls, podman: Podman, name: str, *arguments: str) -> Container:
        """Start one.

        Args:
            podman: What runs it.
            name: Of the container.
            *arguments: Options of ``podman run``, the image, and the command where it is another.
        """
        port = free_port()
        published = ("--publish", f"127.0.0.1:{port}:5000")
        podman.said("run", "--detach", "--name", name, *published, *arguments)
        return cls(podman, name, port)

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        self._podman.run("rm", "--force", "--time", "0", self.name)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        done = self._podman.run("logs", self.name)
        return done.stdout + done.stderr

    def get(self, path: str, token: str | None = None) -> Reply | None:
        """Return what the page answers, to the container's own token or another; None if nobody."""
        given = self.token if token is None else token
        headers = {"Authorization": f"Bearer {given}"} if given else {}
        try:
            return send(urllib.request.Request(self.url + path, headers=headers))
        except OSError:
            return None

    def status(self) -> dict[str, Any]:
        found = self.get("/api/status")
        return dict(json.loads(found.body)) if found and found.code == 200 else {}

    def wait_for_a_face(self, camera: str = "demo") -> dict[str, Any]:
        """Wait until a face of a camera has been judged, and return the face."""

        def judged() -> dict[str, Any] | None:
            for found in self.status().get("cameras", []):
                newest = found["newest"] if found["camera"] == camera else None
                for face in newest["faces"] if newest else []:
                    if face["confidence"] and not face["reused"]:
                        return dict(face)
            return None

        return eventually(judged, lambda: f"a face of {camera}; log:\n{self.log}")

    def execute(self, *command: str) -> str:
        """Run a command in the container; return its output."""
        return self._podman.said("exec", self.name, *command)

    def stop(self) -> int:
        """End it as its users do; return the exit code, 137 where it had to be killed."""
        self._podman.said("stop", "--time", str(STOP_TIMEOUT_S), self.name)
        return int(self._podman.said("inspect", "--format", "{{.State.ExitCode}}", self.name))
