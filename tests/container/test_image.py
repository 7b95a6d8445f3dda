"""The image runs the pipeline, as an ordinary user who can write next to nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.lossless_runs import Reference, rows_of
from tests.publisher.uploading import post_images
from tests.support.containers import Container, Podman
from tests.support.pipeline import ROOT
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

USER = "10001"
CALLER = 1234
TOKEN = "operator-of-the-test"  # noqa: S105 - of this test alone
TERMINATED = 143
"""128 and the number of SIGTERM."""
MOST_BYTES = 1_200_000_000
LOCKED = (
    *("--read-only", "--cap-drop", "all"),
    *("--security-opt", "no-new-privileges", "--shm-size", "512m"),
)
"""What a container can do without."""
CLASSIFIERS = """
import sys, psutil
for process in psutil.process_iter():
    if {"classifier", "classifier.stage"} & {*process.cmdline()}:
        getattr(process, sys.argv[1])()
"""
"""Does something with the classifier and its supervisor, which would replace it."""
SITE_PACKAGES = "/opt/ferstream/lib/python3*/site-packages"


@pytest.fixture(scope="module")
def secret(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A secret that holds tokens."""
    file = tmp_path_factory.mktemp("secret") / "tokens"
    file.write_text(f"operator {TOKEN}\n")
    podman.said("secret", "create", "tokens", str(file))
    yield "tokens"
    podman.run("secret", "rm", "tokens")


@pytest.fixture(scope="module")
def running(podman: Podman, image: str, secret: str) -> Iterator[Container]:
    """The pipeline on the bundled clip, with tokens that are given as a secret."""
    options = ["--secret", f"{secret},uid={USER},mode=0400", "--tmpfs", "/run/secrets"]
    options += ["--env", f"PUBLISHER_TOKEN_FILE=/run/secrets/{secret}", *LOCKED]
    with Container.start(podman, "running", *options, image) as made:
        made.token = TOKEN
        yield made


def in_image(podman: Podman, image: str, *command: str) -> str:
    return podman.said("run", "--rm", *LOCKED, image, *command)


def test_faces_of_the_bundled_clip_are_judged(running: Container) -> None:
    face = running.wait_for_a_face()
    assert face["label"] in {*face["probabilities"], "uncertain"}


def test_probes_answer(running: Container) -> None:
    def answers(path: str) -> bool:
        answer = running.get(path)
        return answer is not None and answer.code == 200

    for path in ("/healthz", "/readyz"):
        eventually(partial(answers, path), lambda: f"all is well; log:\n{running.log}")


def test_it_is_healthy_but_where_a_stage_is_stuck(podman: Podman, running: Container) -> None:
    def check() -> int:
        return podman.run("healthcheck", "run", running.name).returncode

    def state() -> dict[str, Any]:
        found = json.loads(podman.said("inspect", "--format", "{{json .State}}", running.name))
        return dict(found.get("Health") or found["Healthcheck"])

    running.wait_for_a_face()
    eventually(lambda: check() == 0, lambda: f"{state()}; log:\n{running.log}")
    assert state()["Status"] == "healthy"
    running.execute("python", "-c", CLASSIFIERS, "suspend")
    why = "no classifier is running"
    eventually(lambda: check() == 1 and why in state()["Log"][-1]["Output"], lambda: str(state()))
    running.execute("python", "-c", CLASSIFIERS, "resume")
    eventually(lambda: check() == 0, lambda: str(state()))
    running.wait_for_a_face()


def test_where_no_page_runs_there_is_nothing_to_ask(podman: Podman, image: str) -> None:
    said = in_image(podman, image, "python", "/opt/ferstream/healthcheck.py")
    assert said == "no page runs here"


def test_who_has_no_token_sees_nothing(running: Container) -> None:
    running.wait_for_a_face()
    answer = running.get("/api/status", token="")
    assert answer is not None
    assert answer.code == 401


def test_an_uploaded_image_is_analysed(running: Container) -> None:
    running.wait_for_a_face()
    picture = eventually(lambda: running.get("/snapshot/demo.jpg?boxes=0"))
    answer = post_images(running.url, picture.body, Authorization=f"Bearer {TOKEN}")
    assert answer.code == 200, answer.body
    assert json.loads(answer.body)["images"][0]["faces"]


def test_all_processes_are_of_the_ordinary_user_and_the_first_is_an_init(
    running: Container,
) -> None:
    running.wait_for_a_face()
    program = "import psutil; print(*{p.uids().real for p in psutil.process_iter()})"
    assert running.execute("python", "-c", program) == USER
    running.execute("sh", "-c", "sleep 0 &")  # whose parent is gone when it ends
    program = "import psutil; print(*{p.status() for p in psutil.process_iter()})"
    eventually(lambda: "zombie" not in running.execute("python", "-c", program), "no zombies")
    assert running.execute("cat", "/proc/1/comm") == "tini"


def test_the_image_is_small_enough(podman: Podman, image: str) -> None:
    assert int(podman.said("image", "inspect", "--format", "{{.Size}}", image)) < MOST_BYTES


def test_there_is_neither_a_compiler_nor_tensorflow_nor_pip(podman: Podman, image: str) -> None:
    look = "for p in cc gcc g++ c++ clang make pip; do command -v $p; done; true"
    assert in_image(podman, image, "sh", "-c", look) == ""
    assert in_image(podman, image, "sh", "-c", f"ls -d {SITE_PACKAGES}/tensorflow* || true") == ""


def test_the_command_says_its_version_and_what_works(podman: Podman, image: str) -> None:
    version = image.rpartition(":")[2]
    assert in_image(podman, image, "ferstream", "--version") == f"ferstream {version}"
    found = in_image(podman, image, "ferstream", "doctor")
    assert "!!" not in found
    assert re.search(r"^ok  classifier +expression_int8.onnx by onnx", found, re.MULTILINE)


def test_who_asks_for_tensorflow_is_told_that_it_is_not_there(podman: Podman, image: str) -> None:
    options = ("--rm", "--env", "CLASSIFIER_BACKEND=tensorflow", *LOCKED)
    done = podman.run("run", *options, image, "ferstream", "run")
    assert done.returncode == 2
    assert "TensorFlow is not installed here" in done.stdout + done.stderr


def test_a_recording_has_the_records_it_has_elsewhere_and_they_are_their_callers(
    podman: Podman, image: str, reference: Reference, tmp_path: Path, clip: Path
) -> None:
    copied = shutil.copy(clip, tmp_path)
    for path in (Path(copied), tmp_path):
        os.chown(path, CALLER, CALLER)
    options = ("--rm", "--volume", f"{tmp_path}:/data", "--user", f"{CALLER}:{CALLER}", *LOCKED)
    run = ("ferstream", "run", "--lossless", "--results", "talk.csv", Path(copied).name)
    podman.said("run", *options, image, *run)
    results = tmp_path / "talk.csv"
    assert rows_of(results) == reference.rows
    assert (results.stat().st_uid, results.stat().st_gid) == (CALLER, CALLER)


def test_it_ends_when_it_is_told_to_and_leaves_nothing(podman: Podman, image: str) -> None:
    """There is nothing at all that it can write to, but memory."""
    memory = ("--opt=type=tmpfs", "--opt=device=tmpfs", f"--opt=o=uid={USER}")
    podman.said("volume", "create", *memory, "left")
    volume = ("--read-only", "--read-only-tmpfs=false", "--volume", "left:/dev/shm")
    with Container.start(podman, "ending", *volume, image) as ending:
        link = eventually(lambda: re.search(r"upload images opens .*token=(\S+)", ending.log))
        ending.token = link[1]
        ending.wait_for_a_face()
        look = "find /dev/shm -type f -o -type s"
        with Container.start(podman, "looking", *volume, image, "sleep", "600") as looking:
            assert ".ring" in looking.execute(*look.split())
            assert ending.stop() == TERMINATED
            assert looking.execute(*look.split()) == ""


def test_an_analysis_that_is_stopped_does_not_look_like_one_that_is_done(
    podman: Podman, image: str
) -> None:
    analyse = f"exec ferstream analyze {SITE_PACKAGES}/capture/demo/demo.mp4"
    with Container.start(podman, "stopped", *LOCKED, image, "sh", "-c", analyse) as stopped:
        eventually(lambda: "demo,1," in stopped.log, lambda: stopped.log)
        assert stopped.stop() == TERMINATED


def test_nothing_that_is_not_installed_gets_into_a_build(
    podman: Podman, base: str, tmp_path: Path
) -> None:
    shutil.copy(ROOT / ".dockerignore", tmp_path)
    installed = ("capture/__init__.py", "docs/container_licences.md", "pyproject.toml")
    private = (".env", ".git/config", "keys/broker.key", "gpu-box.key", "tokens", "runs/talk.mp4")
    for name in (*installed, *private, "docs/notes.md", "capture/__pycache__/config.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("of the test\n")
    (tmp_path / "Probe").write_text(f"FROM {base}\nCOPY . /context\n")
    files = ("--file", str(tmp_path / "Probe"), "--tag", "localhost/probe", str(tmp_path))
    podman.said("build", "--quiet", "--pull-never", *files)
    found = podman.said("run", "--rm", "localhost/probe", "find", "/context", "-type", "f")
    assert sorted(found.split()) == [f"/context/{name}" for name in installed]


def test_what_is_bundled_and_its_licence_is_written_down(podman: Podman, image: str) -> None:
    """What has to be said of the libraries inside wheels follows the versions that are pinned."""
    page = in_image(podman, image, "cat", "/opt/ferstream/container_licences.md")
    wheels = ("av.libs", "opencv_python_headless.libs", "pyzmq.libs")
    folders = " ".join(f"{SITE_PACKAGES}/{wheel}" for wheel in wheels)
    files = in_image(podman, image, "sh", "-c", f"find {folders} -name 'lib*' -printf '%f '")
    libraries = {re.sub(r"(-[0-9a-f]{8}.*|\.so.*)", "", name) for name in files.split()}
    assert {"libavcodec", "libx264", "libzmq"} <= libraries
    unnamed = {name for name in libraries if f"`{name}`" not in page}
    assert unnamed == set()
    texts = in_image(podman, image, "ls", "/usr/share/common-licenses").split()
    assert {"Apache-2.0", "GPL-2", "GPL-3", "LGPL-2.1", "LGPL-3"} <= set(texts)
    for library in ("libdrm", "libsvtav1enc", "libvpl"):
        text = in_image(podman, image, "cat", f"/usr/share/doc/{library}-dev/copyright")
        assert "Permission" in text or "Redistribution" in text
    other = f"{SITE_PACKAGES}/opencv*.dist-info/LICENSE-3* {SITE_PACKAGES}/pillow*/licenses/LICENSE"
    found = in_image(podman, image, "sh", "-c", f"cat {other}")
    holders = ("VideoLAN and dav1d", "WebM Project", "Xiph", "Keith Packard", "Bart Massey")
    assert all(holder in found for holder in holders)
