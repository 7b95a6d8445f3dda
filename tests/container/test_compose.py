"""Several containers that share memory are one pipeline: compose.yaml, by podman-compose."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.containers import RUN_TIMEOUT_S, Container, Podman
from tests.support.pipeline import ROOT, free_port
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PROJECT = "ferstream-test"
USER = 10001
TOKENS = "tokens"
TOKEN = "operator-of-the-test"  # noqa: S105 - of this test alone
CLASSIFIERS = 4
NAMING = ("compose.yaml", "docs/container.md", "docs/container_licences.md")


class Compose:
    """``podman-compose`` in the project's folder, with a page at a port of this machine.

    Args:
        podman: What runs the containers.
        data: The folder that they have as /data, with a file of tokens.
    """

    def __init__(self, podman: Podman, data: Path) -> None:
        self._podman = podman
        self.port = free_port()
        settings = {"DATA": str(data), "PUBLISHER_TOKEN_FILE": f"/data/{TOKENS}"}
        self._environ = podman.environ | settings | {"PORT": str(self.port)}

    def run(self, *arguments: str) -> None:
        """Run a command of it that must not fail."""
        done = subprocess.run(
            [sys.executable, "-m", "podman_compose", "-p", PROJECT, *arguments],
            cwd=ROOT,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=RUN_TIMEOUT_S,
        )
        assert done.returncode == 0, done.stdout

    def remove(self) -> None:
        """Remove all that it has made; its own ``down`` forgets what ``--scale`` added."""
        made = self._podman.said("ps", "--all", "--quiet", "--filter", f"name={PROJECT}").split()
        self._podman.run("rm", "--force", "--time", "0", *made)
        self._podman.run("volume", "rm", "--force", f"{PROJECT}_shared")
        self._podman.run("network", "rm", "--force", f"{PROJECT}_default")


@pytest.fixture
def compose(podman: Podman, image: str, tmp_path: Path) -> Iterator[Compose]:
    pytest.importorskip("podman_compose")
    tokens = tmp_path / TOKENS
    tokens.write_text(f"operator {TOKEN}\n")
    tokens.chmod(0o400)
    for path in (tokens, tmp_path):
        os.chown(path, USER, USER)
    made = Compose(podman, tmp_path)
    yield made
    made.remove()


def classifiers(page: Container) -> list[str]:
    """Return the names of the classifiers that the broker knows."""
    return [peer["name"] for peer in page.status().get("workers", {}).get("classifier", [])]


def test_as_many_classifiers_as_wanted_join_and_come_back(podman: Podman, compose: Compose) -> None:
    compose.run("up", "--detach", "--no-build", "--scale", f"classifier={CLASSIFIERS}")
    page = Container(podman, f"{PROJECT}_ferstream_1", compose.port, TOKEN)
    eventually(lambda: len(classifiers(page)) == CLASSIFIERS, lambda: page.log)
    page.wait_for_a_face()
    before = set(classifiers(page))
    assert len({name.partition(":")[0] for name in before}) == CLASSIFIERS  # a host each
    own = Container(podman, f"{PROJECT}_classifier_1", 0)
    assert own.execute("ls", "/sys/class/net") == "lo"
    compose.run("restart", "ferstream")
    eventually(lambda: set(classifiers(page)) == before, lambda: page.log)
    page.wait_for_a_face()


def test_the_image_is_that_of_this_version() -> None:
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    texts = [(ROOT / name).read_text() for name in NAMING]
    assert {tag for text in texts for tag in re.findall(r"ferstream:([\d.]+\d)", text)} == {
        version[1]
    }
