"""Tests of ``deploy/kubernetes``, as kustomize builds it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from capture.camera_list import parse_camera_list
from capture.config import CaptureConfig
from classifier.config import ClassifierConfig
from common.broker.config import BrokerConfig
from common.config import BrokerSettings, load_config
from detector.config import DetectorConfig
from ferstream.__main__ import COMMANDS
from publisher.config import PublisherConfig
from publisher.uploads.upload import MAX_UPLOAD_BYTES
from publisher.web.analyze import MAX_UPLOADS
from publisher.web.connections import MAX_BODY_BYTES
from tests.deploy.manifests import (
    FOLDERS,
    KUBERNETES,
    Manifest,
    built,
    containers,
    kustomized,
    one,
    pod_specs,
)

VERSIONS = ("1.35", "1.36", "1.37")
MADE_BY_HAND = {"camera-passwords", "page", "broker-keys", "classifier-key"}
"""Secrets that docs/kubernetes.md says how to make."""
CONFIGS: dict[str, type[BrokerSettings]] = {
    "capture": CaptureConfig,
    "detector": DetectorConfig,
    "classifier": ClassifierConfig,
    "publisher": PublisherConfig,
    "common.broker": BrokerConfig,
}
CLAIMS = {"recordings", "results"}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("folder", FOLDERS)
def test_everything_is_what_kubernetes_knows(folder: str, version: str) -> None:
    for each in built(folder):
        kubernetes_validate.validate(each, version, strict=True)


def test_the_check_sees_what_kubernetes_does_not_know() -> None:
    cell = one("base", "StatefulSet", "cell")
    wrong = {**cell, "spec": {**cell["spec"], "replcas": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


@pytest.mark.parametrize("folder", FOLDERS[:3])
def test_cells_know_how_many_they_are_and_stay_when_that_changes(folder: str) -> None:
    cameras = one(folder, "ConfigMap", "cameras")
    assert cameras["metadata"]["name"] == "cameras", "a hash would start all cells again"
    assert cameras["data"]["cells"] == str(one(folder, "StatefulSet", "cell")["spec"]["replicas"])


def test_shards_know_how_many_they_are() -> None:
    job = one("archive", "Job", "archive")["spec"]
    (container,) = job["template"]["spec"]["containers"]
    settings = {each["name"]: each["value"] for each in container["env"]}
    assert settings["SHARDS"] == str(job["completions"])
    assert "--shard=$(JOB_COMPLETION_INDEX)/$(SHARDS)" in container["args"]


def test_a_shard_is_not_given_up_for_nodes_that_are_drained() -> None:
    first, *_ = one("archive", "Job", "archive")["spec"]["podFailurePolicy"]["rules"]
    assert (first["action"], first["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")


@pytest.mark.parametrize("folder", [each for each in FOLDERS if each != "overlays/large"])
def test_another_registry_can_be_named(folder: str, tmp_path: Path) -> None:
    """As docs/kubernetes.md says: in a folder of one's own, by the name that the image has here."""
    names = ("ferstream", "ferstream-gpu")
    images = [{"name": name, "newName": f"elsewhere.example/{name}"} for name in names]
    resource = os.path.relpath(KUBERNETES / folder, tmp_path)
    made = {"resources": [resource], "images": images}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(made))
    found = {
        container["image"]
        for each in kustomized(tmp_path)
        if "template" in each.get("spec", {})
        for container in containers(each["spec"]["template"])
        if "ferstream" in container["image"]
    }
    assert found
    assert all(image.startswith("elsewhere.example/") for image in found)
    assert all(image.endswith(":0.1.0") for image in found)


@pytest.mark.parametrize("path", sorted(KUBERNETES.rglob("cameras")), ids=str)
def test_lists_of_cameras_can_be_read(path: Any) -> None:
    cameras, wrong = parse_camera_list(path.read_text())
    assert cameras
    assert not wrong


@pytest.mark.parametrize("folder", FOLDERS)
def test_whatever_is_mounted_or_read_is_there_or_made_by_hand(folder: str) -> None:
    there = {each["metadata"]["name"] for each in built(folder) if each["kind"] == "ConfigMap"}
    for _, template in pod_specs(folder):
        for volume in template["spec"]["volumes"]:
            kind, source = next((k, s) for k, s in volume.items() if k != "name")
            known = {"configMap": there, "secret": MADE_BY_HAND, "persistentVolumeClaim": CLAIMS}
            if kind in known:
                name = source.get("name") or source.get("secretName") or source.get("claimName")
                assert name in known[kind]
        for container in containers(template):
            for source in container.get("envFrom", []):
                assert source["configMapRef"]["name"] in there


@pytest.mark.parametrize("folder", FOLDERS[:3])
def test_every_setting_is_one_of_ours_and_has_a_value_that_is_allowed(
    folder: str, tmp_path: Path
) -> None:
    """Files are those of volumes, and what only a cluster knows is a number."""
    file = tmp_path / "file"
    file.write_text("2")
    settings = one(folder, "ConfigMap", "settings")["data"]
    for _, template in pod_specs(folder):
        for container in containers(template):
            given = {each["name"]: each.get("value", "0") for each in container.get("env", [])}
            read = settings | given if "envFrom" in container else given
            here = {
                name: str(file) if value.startswith("/etc/ferstream/") else value
                for name, value in read.items()
            }
            for stage, config in CONFIGS.items():
                load_config(config, stage, (), here)


@pytest.mark.parametrize("folder", FOLDERS)
def test_commands_are_those_of_ferstream(folder: str) -> None:
    given = [
        container["args"][1]
        for _, template in pod_specs(folder)
        for container in containers(template)
        if container.get("args", [""])[0] == "ferstream"
    ]
    assert set(given) <= set(COMMANDS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_pod_may_more_than_it_needs(folder: str) -> None:
    for name, template in pod_specs(folder):
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, "Services would set variables like ours"
        for container in containers(template):
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True, name
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["capabilities"] == {"drop": ["ALL"]}, name
            assert {"cpu", "memory"} <= set(container["resources"]["requests"]), name
            assert "memory" in container["resources"]["limits"], name


@pytest.mark.parametrize("folder", FOLDERS[:3])
def test_policies_and_budgets_are_of_pods_that_there_are(folder: str) -> None:
    labels = [template["metadata"]["labels"] for _, template in pod_specs(folder)]
    for each in built(folder):
        if each["kind"] in ("NetworkPolicy", "PodDisruptionBudget"):
            for selector in selectors(each["spec"]):
                assert any(selector.items() <= found.items() for found in labels), selector


def selectors(part: Any) -> list[dict[str, str]]:
    """Return the labels by which pods are chosen anywhere in a policy or a budget."""
    if isinstance(part, list):
        return [found for item in part for found in selectors(item)]
    if not isinstance(part, dict):
        return []
    own = [part[key].get("matchLabels", {}) for key in ("selector", "podSelector") if key in part]
    rest = [value for key, value in part.items() if key not in ("namespaceSelector",)]
    return own + [found for value in rest for found in selectors(value)]


def test_a_cell_has_shared_memory_for_its_frames() -> None:
    """And its limit of memory is more than that, for it counts."""
    spec = one("base", "StatefulSet", "cell")["spec"]["template"]["spec"]
    (frames,) = (each for each in spec["volumes"] if each["name"] == "frames")
    assert frames["emptyDir"]["medium"] == "Memory"
    (cell,) = spec["containers"]
    mounts = {each["name"]: each["mountPath"] for each in cell["volumeMounts"]}
    assert mounts["frames"] == "/dev/shm"  # noqa: S108
    assert mebibytes(frames["emptyDir"]["sizeLimit"]) < mebibytes(
        cell["resources"]["limits"]["memory"]
    )


def test_uploads_do_not_fill_what_a_cell_may_write() -> None:
    """A pod whose volume holds more than it may is evicted, and who uploads has no token yet."""
    spec = one("base", "StatefulSet", "cell")["spec"]["template"]["spec"]
    (tmp,) = (each for each in spec["volumes"] if each["name"] == "tmp")
    most = MAX_BODY_BYTES + MAX_UPLOADS * MAX_UPLOAD_BYTES  # on their way, and being analyzed
    assert mebibytes(tmp["emptyDir"]["sizeLimit"]) * 2**20 > most


def mebibytes(text: str) -> int:
    """Return what an amount such as ``3Gi`` comes to."""
    return int(text[:-2]) * {"Mi": 1, "Gi": 1024}[text[-2:]]


def test_only_with_gpus_brokers_can_be_reached() -> None:
    assert not any(5555 in numbers(each) for each in built("base"))
    open_to = [
        rule
        for each in built("overlays/gpu")
        if each["kind"] == "NetworkPolicy"
        for rule in each["spec"].get("ingress", [])
        if 5555 in numbers(rule)
    ]
    (rule,) = open_to
    chosen = [each["podSelector"]["matchLabels"] for each in rule["from"]]
    assert chosen == [{"app.kubernetes.io/name": "classifiers"}]


def numbers(part: Manifest | list[Any] | object) -> set[object]:
    """Return every plain value in a manifest."""
    if isinstance(part, dict):
        return {found for value in part.values() for found in numbers(value)}
    if isinstance(part, list):
        return {found for value in part for found in numbers(value)}
    return {part}
