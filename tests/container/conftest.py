"""The image, built once of a base that no registry is asked for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.containers import Podman
from tests.support.pipeline import ROOT
from tests.support.programs import needed

BASE = "localhost/ferstream-test-base"
BUILD_TIMEOUT_S = 1200.0
TAIL = 3000
"""Letters of a long output that are shown."""


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """A podman of these tests' own; they are skipped where it cannot be had."""
    if os.environ.get("TEST_IMAGE") != "1":
        pytest.skip("takes minutes and a gigabyte: asked for by TEST_IMAGE=1 (make test-image)")
    if os.geteuid() != 0:
        pytest.skip("needs root, for debootstrap and for bridges")
    folder = tmp_path_factory.mktemp("podman")
    made = Podman(folder)
    yield made
    for what in ("rm", "rmi"):
        made.run(what, "--all", "--force")
    _output(["umount", str(folder / "store" / "overlay")])
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def base(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Debian as this one with its Python and nothing else, tried for what the tests need."""
    release = Path("/etc/os-release").read_text()
    suite = re.search(r"^VERSION_CODENAME=(\w+)$", release, re.MULTILINE)
    if "ID=debian" not in release or suite is None:
        pytest.skip("needs Debian")
    folder = tmp_path_factory.mktemp("base")
    install = [needed("debootstrap"), "--variant=minbase", "--include=python3,python3-venv"]
    made = _output([*install, suite[1], str(folder / "root")])
    if made.returncode != 0:
        pytest.skip(f"debootstrap could not make a base: {made.stdout[-TAIL:]}")
    packed = _output(["tar", "-C", str(folder / "root"), "-cf", str(folder / "base.tar"), "."])
    assert packed.returncode == 0, packed.stdout
    stored = podman.run("import", str(folder / "base.tar"), BASE)
    if stored.returncode != 0:
        pytest.skip(f"podman can store nothing here: {stored.stderr}")
    shutil.rmtree(folder)
    tried = podman.run("run", "--rm", "--publish", "127.0.0.1::5000", BASE, "python3", "--version")
    if tried.returncode != 0:
        pytest.skip(f"podman can run nothing here: {tried.stderr}")
    version = ".".join(map(str, sys.version_info[:2]))
    if not tried.stdout.startswith(f"Python {version}."):
        pytest.skip(f"needs Python {version} of Debian, which has {tried.stdout}")
    return BASE


@pytest.fixture(scope="session")
def wheels(base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image is built of, fetched by this machine's pip: only that knows where from."""
    folder = tmp_path_factory.mktemp("wheels")
    listed = _output([sys.executable, str(ROOT / "tools" / "without_tensorflow.py")])
    (folder / "needed.txt").write_text(listed.stdout)
    fetch = [sys.executable, "-m", "pip", "download", "--only-binary", ":all:", "--quiet"]
    fetch += ["--constraint", str(ROOT / "constraints.txt"), "--dest", str(folder)]
    made = _output([*fetch, "--requirement", str(folder / "needed.txt"), "setuptools"])
    if made.returncode != 0:
        pytest.skip(f"pip could not fetch the packages: {made.stdout[-TAIL:]}")
    (folder / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    return folder


@pytest.fixture(scope="session")
def image(podman: Podman, base: str, wheels: Path) -> str:
    """The image, made as users make it, but without asking any index."""
    mounts = f"--volume {wheels}:/wheels:ro --volume {wheels}/pip.conf:/etc/pip.conf:ro"
    options = f"OPTIONS=--build-arg BASE={base} --pull-never {mounts}"
    made = _output(["make", "-C", str(ROOT), "image", "ENGINE=podman", options], podman.environ)
    assert made.returncode == 0, made.stdout[-TAIL:]
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    return f"localhost/ferstream:{version[1]}"


def _output(
    command: list[str], environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command that may fail; its errors are in its output."""
    return subprocess.run(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=BUILD_TIMEOUT_S,
    )
