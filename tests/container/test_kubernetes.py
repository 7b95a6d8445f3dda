"""A cell's pod, run for real by podman, which knows no StatefulSet but the pod that is in it.

Podman 4 knows neither empty volumes nor whose a Secret is to be, gives pods no index, probes with a
curl that the image has not, and maps ports to a network that not every machine has: volumes are
folders here, the network is the machine's, and the tests ask themselves.
"""

from __future__ import annotations

import json
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import one
from tests.support.containers import Podman
from tests.support.pipeline import free_port
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

POD = "ferstream-test-cell-0"
CELL = f"{POD}-cell"
START_S = 120.0
LOOK = "look-look-look-look"


def pod_of_a_cell(image: str, port: int, folder: Path) -> str:
    """Return the pod of the StatefulSet with what it needs, as podman knows it.

    Args:
        image: The image.
        port: Where its page is to be.
        folder: For its volumes; on a file system in memory.
    """
    template = one("base", "StatefulSet", "cell")["spec"]["template"]
    spec = json.loads(json.dumps(template["spec"]))
    (cell,) = spec["containers"]
    cell["image"] = image
    cell["env"].append({"name": "PUBLISHER_PORT", "value": str(port)})
    for unknown in ("ports", "startupProbe", "livenessProbe", "readinessProbe"):
        del cell[unknown]
    for volume in spec["volumes"]:
        if "configMap" not in volume:
            path = folder / volume["name"]
            path.mkdir()
            path.chmod(0o777)
            volume.clear()
            volume |= {"name": path.name, "hostPath": {"path": str(path), "type": "Directory"}}
    tokens = folder / "page" / "tokens"
    tokens.write_text(f"viewer {LOOK}\n")
    tokens.chmod(0o440)
    os.chown(tokens, 0, spec["securityContext"]["fsGroup"])
    labels = {**template["metadata"]["labels"], "apps.kubernetes.io/pod-index": "0"}
    metadata = {"name": POD, "labels": labels}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    cameras = json.loads(json.dumps(one("base", "ConfigMap", "cameras")))
    cameras["data"]["cells"] = "1"
    return str(yaml.safe_dump_all([cameras, one("base", "ConfigMap", "settings"), pod]))


@pytest.fixture(scope="module")
def url(podman: Podman, image: str) -> Iterator[str]:
    """Where the page of a cell is that podman runs."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="ferstream-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = folder / "pod.yaml"
        made.write_text(pod_of_a_cell(image, port, folder))
        try:
            podman.said("kube", "play", "--network", "host", str(made))
            yield f"http://127.0.0.1:{port}"
        finally:
            podman.run("kube", "down", str(made))
            podman.run("volume", "rm", "cameras")


def ask(address: str) -> tuple[int, Any]:
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {LOOK}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None
    except OSError:
        return 0, None


def test_a_cell_runs_the_cameras_of_the_list(podman: Podman, url: str) -> None:
    def log() -> str:
        done = podman.run("logs", CELL)
        return done.stdout + done.stderr

    def published() -> set[str]:
        cameras = (ask(f"{url}/api/status")[1] or {}).get("cameras", [])
        return {each["camera"] for each in cameras if each["published"] > 5}

    eventually(lambda: published() == {"demo-0", "demo-1"}, log, START_S)
    assert ask(f"{url}/readyz")[0] == ask(f"{url}/healthz")[0] == 200


def test_frames_are_in_the_volume_of_memory(podman: Podman, url: str) -> None:
    eventually(lambda: ask(f"{url}/readyz")[0] == 200, "a cell that is ready", START_S)
    said = podman.said("exec", CELL, "sh", "-c", "df -P /dev/shm; ls /dev/shm/*/*.ring")
    assert "tmpfs" in said
    assert said.endswith(".ring")


def test_nothing_else_can_be_written(podman: Podman, url: str) -> None:
    done = podman.run("exec", CELL, "sh", "-c", "touch /opt/there")
    assert "Read-only file system" in done.stderr
    assert podman.said("exec", CELL, "id", "-u") == "10001"
