"""Tests of archives on a cluster that runs: a scheduler and workers in processes of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from tests.ferstream.archive.conftest import Archive
from tests.support.pipeline import ROOT, free_port
from tests.support.waiting import eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, for certificates"),
]


DOCUMENTATION = ROOT / "docs" / "archive.md"
CLIENT_KEYS = {"CA_FILE": "ca.pem", "CLIENT__CERT": "dask.pem", "CLIENT__KEY": "dask.key"}


class Scheduler:
    """A scheduler that asks for certificates, which it makes as the documentation says.

    Args:
        folder: For the certificates.
    """

    def __init__(self, folder: Path) -> None:
        make_certificates(folder)
        self.folder = folder
        port = free_port()
        self.address = f"tls://127.0.0.1:{port}"
        where = ("--protocol", "tls", "--host", "127.0.0.1", "--port", str(port))
        self.process = self.start("scheduler", os.environ, folder, *where, "--no-dashboard")

    def start(
        self, what: str, environ: Mapping[str, str], folder: Path, *arguments: str
    ) -> subprocess.Popen[bytes]:
        """Start a program of Dask that has the certificates."""
        files = {"ca-file": "ca.pem", "cert": "dask.pem", "key": "dask.key"}
        keys = [f"--tls-{name}={self.folder / file}" for name, file in files.items()]
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments, *keys],
            cwd=folder,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


class Cluster:
    """A scheduler, and the workers of one archive that join it."""

    def __init__(self, scheduler: Scheduler, archive: Archive) -> None:
        self.scheduler = scheduler
        self.address = scheduler.address
        self._archive = archive
        self._environ = dict(archive.environ)
        self._started: list[subprocess.Popen[bytes]] = []
        for name, file in CLIENT_KEYS.items():
            archive.environ[f"DASK_DISTRIBUTED__COMM__TLS__{name}"] = str(scheduler.folder / file)

    def start_worker(
        self, *arguments: str, folder: Path | None = None, **environ: str
    ) -> psutil.Process:
        process = self.scheduler.start(
            "worker",
            self._environ | environ,
            folder or self._archive.folder,
            *(self.address, "--nthreads", "1", "--no-dashboard", *arguments),
        )
        self._started.append(process)
        return psutil.Process(process.pid)

    def close(self) -> None:
        for process in self._started:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def make_certificates(folder: Path) -> None:
    """Do what the documentation says."""
    commands = re.findall(r"^openssl .*$", DOCUMENTATION.read_text(), re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        subprocess.run(command, shell=True, cwd=folder, check=True, capture_output=True)  # noqa: S602


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    """The scheduler of all tests that leave it as it is."""
    scheduler = Scheduler(tmp_path_factory.mktemp("scheduler"))
    yield scheduler
    end(scheduler.process)


@pytest.fixture
def cluster(archive: Archive, shared: Scheduler) -> Iterator[Cluster]:
    cluster = Cluster(shared, archive)
    yield cluster
    cluster.close()


def test_a_cluster_with_certificates_analyses(
    archive: Archive, cluster: Cluster, recordings: Path
) -> None:
    cluster.start_worker("--name", "first")
    code, errors = archive.run(recordings, "--scheduler", cluster.address)
    assert code == 2, errors
    assert "2 of 4 failed" in errors
    assert len(archive.results()) == 2


def test_who_has_no_certificate_is_told(
    archive: Archive, cluster: Cluster, recordings: Path
) -> None:
    for name in [
        name for name in archive.environ if name.startswith("DASK_DISTRIBUTED__COMM__TLS")
    ]:
        del archive.environ[name]
    code, errors = archive.run(recordings, "--scheduler", cluster.address)
    assert code == 2
    assert errors.splitlines()[-1].startswith(
        f"ferstream archive: --scheduler {cluster.address}: TLS expects"
    )
    assert not archive.results()


def test_it_waits_for_workers_and_says_so(
    archive: Archive, cluster: Cluster, recordings: Path
) -> None:
    process = archive.start(recordings / "monday", "--scheduler", cluster.address)
    assert process.stderr is not None
    told = next(line for line in process.stderr if "WARNING" in line)
    assert f"{cluster.address} has no workers yet; start some: dask worker" in told
    cluster.start_worker()
    process.communicate(timeout=240)
    assert process.returncode == 0


def test_only_workers_that_have_what_is_asked_for_are_given_work(
    archive: Archive, cluster: Cluster, recordings: Path
) -> None:
    """And results lie where the command was started, wherever the workers were."""
    elsewhere = archive.folder / "elsewhere"
    elsewhere.mkdir()
    cluster.start_worker()
    archive.to = Path("results")
    process = archive.start(
        recordings / "monday", "--scheduler", cluster.address, "--resources", "GPU=1"
    )
    assert process.stderr is not None
    told = next(line for line in process.stderr if "WARNING" in line)
    assert "has no workers with GPU=1 yet; start some: dask worker" in told
    assert '--nthreads 1 --resources "GPU=1"' in told
    able = cluster.start_worker("--resources", "GPU=1", folder=elsewhere)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    archive.to = archive.folder / "results"
    assert archive.results() == ["monday/talk.avi.parquet"]
    (entry,) = archive.manifest().values()
    pid = int(entry["worker"].rpartition(":")[2])
    assert pid in {child.pid for child in able.children(recursive=True)}


def test_workers_with_the_documented_setting_keep_the_memory_of_their_frames(
    cluster: Cluster,
) -> None:
    setting = re.search(
        r"^export DASK_DISTRIBUTED__NANNY__PRE_SPAWN_ENVIRON='(.*)'$",
        DOCUMENTATION.read_text(),
        re.MULTILINE,
    )
    assert setting
    nanny = cluster.start_worker(DASK_DISTRIBUTED__NANNY__PRE_SPAWN_ENVIRON=setting[1])

    def worker() -> psutil.Process | None:
        children = nanny.children()
        return next((each for each in children if "spawn_main" in " ".join(each.cmdline())), None)

    environ = eventually(worker, "the worker's process").environ()
    assert environ["OMP_NUM_THREADS"] == "1"
    assert "MALLOC_TRIM_THRESHOLD_" not in environ


@pytest.mark.parametrize(
    ("metadata", "has"),
    [("Version: 0.0.1", "ferstream 0.0.1"), ("Summary: of no version", "no ferstream")],
)
def test_who_has_another_ferstream_or_none_is_named(
    archive: Archive, cluster: Cluster, recordings: Path, metadata: str, has: str
) -> None:
    found_first = archive.folder / "other" / "ferstream-0.0.1.dist-info"
    found_first.mkdir(parents=True)
    (found_first / "METADATA").write_text(f"Name: ferstream\n{metadata}\n")
    cluster.start_worker(PYTHONPATH=os.pathsep.join((str(found_first.parent), str(ROOT))))
    code, errors = archive.run(recordings, "--scheduler", cluster.address)
    assert code == 2
    assert re.search(
        rf"ferstream archive: tls://\S+ has {has}: install \S+ there", errors.splitlines()[-1]
    )


def test_a_worker_that_joins_while_the_others_are_busy_is_given_work(
    archive: Archive, cluster: Cluster, recordings: Path
) -> None:
    (recordings / "monday/talk.avi").rename(recordings / "monday/a-patient.avi")
    shutil.copy(recordings / "tuesday/talk.avi", recordings / "monday/b.avi")
    cluster.start_worker()
    process = archive.start(recordings / "monday", "--scheduler", cluster.address)
    eventually(lambda: list(archive.notes.glob("a-patient-*")), "a video that has begun")
    cluster.start_worker()
    eventually(lambda: list(archive.notes.glob("b-*")), "work of the second worker")
    (archive.notes / "go-on").touch()
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors


def test_a_video_that_ends_a_worker_of_several_threads_costs_no_other_video(
    archive: Archive, cluster: Cluster, recordings: Path
) -> None:
    for name in ("poison", "b", "c"):
        shutil.copy(recordings / "tuesday/talk.avi", recordings / f"monday/{name}.avi")
    cluster.start_worker("--nthreads", "4")
    code, errors = archive.run(recordings / "monday", "--scheduler", cluster.address)
    assert code == 2
    assert "1 of 4 failed" in errors
    assert len(archive.results()) == 3


def test_a_worker_that_leaves_for_good_is_replaced_by_the_others(
    archive: Archive, cluster: Cluster, recordings: Path
) -> None:
    """Nanny and worker are killed together, as when a host is gone."""
    doomed = cluster.start_worker()
    process = archive.start(recordings / "monday", "--scheduler", cluster.address)
    eventually(lambda: list(archive.notes.iterdir()), "a video that has begun")
    for each in [doomed, *doomed.children(recursive=True)]:
        each.kill()
    cluster.start_worker()
    process.communicate(timeout=240)
    assert process.returncode == 0
    assert len(archive.results()) == 1


def test_a_scheduler_that_is_not_there_is_named(archive: Archive, recordings: Path) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    code, errors = archive.run(recordings, "--scheduler", address)
    assert code == 2
    assert f"ferstream archive: --scheduler {address}: Timed out" in errors


def test_a_scheduler_that_goes_ends_the_run_with_what_to_do(
    archive: Archive, recordings: Path, tmp_path: Path
) -> None:
    scheduler = Scheduler(tmp_path)
    cluster = Cluster(scheduler, archive)
    cluster.start_worker()
    process = archive.start(recordings / "monday", "--scheduler", cluster.address)
    eventually(lambda: list(archive.notes.iterdir()), "a video that has begun")
    scheduler.process.kill()
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 2, errors
    assert "the scheduler is gone; run it again to go on" in errors
    cluster.close()
    end(scheduler.process)
