"""The pool of classifiers of the GPU overlay: its own command, beside cells without classifiers."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deploy.manifests import one
from tests.support.pipeline import ROOT, Pipeline, free_port
from tests.support.waiting import DEADLINE_S, eventually

pytestmark = pytest.mark.e2e


def keys_for_classifiers(folder: Path) -> Path:
    """Make the keys of brokers and classifiers as docs/kubernetes.md says."""
    for arguments in (["new", str(folder)], ["add", str(folder), "classifier", "classifier"]):
        command = [sys.executable, "-m", "common.keys", *arguments]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder / "classifier.key"


def cell(broker: str, keys: Path) -> Pipeline:
    """Start a cell as the overlay does: everything but a classifier."""
    (container,) = one("overlays/gpu", "StatefulSet", "cell")["spec"]["template"]["spec"][
        "containers"
    ]
    stages = container["args"][container["args"].index("start") + 1 :]
    assert "classifier" not in stages
    return Pipeline(*stages, BROKER_ENDPOINT=broker, BROKER_KEYS=keys)


def test_one_pod_serves_every_cell(tmp_path: Path) -> None:
    template = one("overlays/gpu", "Deployment", "classifiers")["spec"]["template"]
    (container,) = template["spec"]["containers"]
    shell, option, script = container["args"]
    key = keys_for_classifiers(tmp_path / "keys")
    port = free_port()  # cell N is at 127.0.0.1N here, as it is cell-N in a cluster
    (tmp_path / "cells").write_text("2\n")
    with ExitStack() as stack:
        cells = [
            stack.enter_context(cell(f"tcp://127.0.0.1{number}:{port}", tmp_path / "keys"))
            for number in range(2)
        ]
        settings = {
            "CELLS": str(tmp_path / "cells"),
            "CELL_BROKER": f"tcp://127.0.0.1%d:{port}",
            "BROKER_KEYS": str(key),
            "CLASSIFIER_BACKEND": "onnx",
        }
        script = script.replace("/tmp/Procfile", str(tmp_path / "Procfile"))  # noqa: S108
        pool = subprocess.Popen(
            [shell, option, script],
            cwd=ROOT,
            env={**cells[0].environ, **settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for each in cells:
                eventually(
                    lambda each=each: each.get("/readyz")[0] == 200,  # type: ignore[misc]
                    lambda each=each: each.log,  # type: ignore[misc]
                )
                assert len(each.peers("classifier")) == 1
                each.wait_published(5)
        finally:
            pool.terminate()
            pool.wait(DEADLINE_S)
