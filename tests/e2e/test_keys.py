"""A pipeline that other machines reach: only who has a key takes part, as long as it is good."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from common.contract import Role
from common.keys.folder import add_key, make_folder, revoke_key
from tests.support.pipeline import Pipeline, free_port
from tests.support.stage_process import run_stage
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

EXIT_REFUSED = 2
CHANGED = "the list of keys has changed"


def address_of_this_machine() -> str:
    """Return an address of this machine that others could use; loopback where there is none."""
    for found in psutil.net_if_addrs().values():
        for item in found:
            if item.family == socket.AF_INET and not item.address.startswith("127."):
                return item.address
    return "127.0.0.1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_folder(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def pipeline(folder: Path) -> Iterator[Pipeline]:
    """A pipeline without a classifier, on an address that others can reach."""
    endpoint = f"tcp://{address_of_this_machine()}:{free_port()}"
    stages = ("broker", "capture", "detector", "publisher")
    with Pipeline(*stages, BROKER_ENDPOINT=endpoint, BROKER_KEYS=folder) as made:
        eventually(made.camera, lambda: made.log)  # a recording, which waits for a classifier
        yield made
        made.interrupt()
        made.assert_nothing_left()


def add_classifier(folder: Path) -> Path:
    return add_key(folder, "gpu-box", frozenset({Role.CLASSIFIER}), frozenset())


def stranger(pipeline: Pipeline, folder: Path, stage: str, **settings: str) -> str:
    """Run a stage until it is refused; return what it says in the end."""
    endpoint = pipeline.environ["BROKER_ENDPOINT"]
    code, lines = run_stage(stage, folder.parent, BROKER_ENDPOINT=endpoint, **settings)
    assert code == EXIT_REFUSED, lines
    return lines[-1]  # it may have tried several times, and said so


def test_worker_with_a_key_takes_part_until_it_is_revoked(pipeline: Pipeline, folder: Path) -> None:
    file = add_classifier(folder)
    with pipeline.worker("classifier", BROKER_KEYS=file) as worker:
        eventually(lambda: pipeline.peers("classifier"), "the classifier")
        revoke_key(folder, "gpu-box")
        assert worker.wait(60) == EXIT_REFUSED
    assert "key gpu-box was revoked" in pipeline.log
    eventually(lambda: not pipeline.peers("classifier"), "a status without it")
    published = pipeline.camera()["published"]
    pipeline.wait_published(published + 5)


def test_nobody_without_a_good_key_takes_part(pipeline: Pipeline, folder: Path) -> None:
    file = add_classifier(folder)
    first = stranger(pipeline, folder, "classifier", BROKER_INSECURE="1")
    assert "takes only peers with a key" in first
    second = stranger(pipeline, folder, "detector", BROKER_KEYS=str(file))
    assert "key gpu-box is good for classifier, not for detector" in second
    text = file.read_text()
    changes = pipeline.log.count(CHANGED)
    revoke_key(folder, "gpu-box")
    file.write_text(text)
    file.chmod(0o600)
    eventually(lambda: pipeline.log.count(CHANGED) > changes, "the broker to see the list")
    third = stranger(pipeline, folder, "classifier", BROKER_KEYS=str(file))
    assert f"BROKER_KEYS={file}: " in third
    assert "does not take this key" in third
    for told in (
        "refused a connection that showed no key",
        "key gpu-box is good for classifier, not for detector",
        "key gpu-box was revoked",
    ):
        assert told in pipeline.log
    assert not pipeline.peers("classifier")
    assert len(pipeline.peers("detector")) >= 1


def test_broker_that_is_killed_takes_back_who_has_a_key(pipeline: Pipeline, folder: Path) -> None:
    with pipeline.worker("classifier", BROKER_KEYS=add_classifier(folder)):
        eventually(lambda: pipeline.peers("classifier"), "the classifier")
        before = pipeline.camera()["captured"]
        killed_at = time.time()
        pipeline.kill("common.broker.stage")
        eventually(
            lambda: pipeline.peers("classifier") and pipeline.camera()["captured"] > before,
            lambda: f"the classifier, {time.time() - killed_at:.0f} s after; {pipeline.log}",
        )
