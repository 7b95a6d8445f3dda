"""Workers on other hosts, whose links are slow, are cut and are mended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from common.contract import Role
from tests.e2e.looking import assert_ledger
from tests.e2e.lossless_runs import Reference, Rows, analyse, frame_ids, rows_of, wait_recorded
from tests.support.host_pipeline import HostPipeline
from tests.support.hosts import Host, NoHostsError, hosts
from tests.support.media import cut_demo
from tests.support.pipeline import ROOT, pipeline_environ
from tests.support.waiting import DEADLINE_S, eventually

pytestmark = pytest.mark.e2e

ThreeHosts = tuple[Host, Host, Host]
EXIT_REFUSED = 2
RUN = 10
"""Frames that a detector gets in one message."""
GIVEN_UP = "is silent; giving it up"


@pytest.fixture
def three() -> Iterator[ThreeHosts]:
    """Hosts a, b and c."""
    try:
        with hosts("a", "b", "c") as (a, b, c):
            yield a, b, c
    except NoHostsError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def inline_rows(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What one host makes of the clip where its frames travel as JPEGs."""
    results = tmp_path_factory.mktemp("inline") / "talk.csv"
    with analyse(clip, results, FRAME_TRANSPORT="inline") as pipeline:
        assert pipeline.wait() == 0, pipeline.log
    return rows_of(results)


def lossless(
    host: Host, folder: Path, clip: Path, *stages: str, **settings: str | Path
) -> HostPipeline:
    given = {"CAPTURE_SOURCE": clip, "CAPTURE_MODE": "lossless", **settings}
    return HostPipeline(host, folder, "broker", *stages, **given)


def limit(host: Host, mbit: float) -> None:
    try:
        host.limit(mbit)
    except NoHostsError as error:
        pytest.skip(str(error))


def wait_joined(pipeline: HostPipeline, role: str, count: int) -> None:
    eventually(lambda: len(pipeline.peers(role)) == count, lambda: f"{role}s; {pipeline.log}")


def test_records_are_those_of_one_host_though_one_with_classifiers_is_cut_off(
    clip: Path, tmp_path: Path, reference: Reference, three: ThreeHosts
) -> None:
    a, b, c = three
    results = tmp_path / "talk.csv"
    with (
        lossless(a, tmp_path, clip, "capture", "publisher", PUBLISHER_RESULTS=results) as pipeline,
        pipeline.worker_on(b, "classifier", CLASSIFIER_WORKERS="3"),
        pipeline.worker_on(c, "classifier"),
    ):
        wait_joined(pipeline, "classifier", 4)
        with pipeline.worker("detector"):  # which the run has waited for
            wait_recorded(results, 5)
            b.cut()
            assert pipeline.wait() == 0, pipeline.log
    assert rows_of(results) == reference.rows


def test_run_goes_on_where_it_was_when_the_only_classifiers_link_is_mended(
    clip: Path, tmp_path: Path, reference: Reference, three: ThreeHosts
) -> None:
    a, b, _ = three
    results = tmp_path / "talk.csv"
    stages = ("capture", "detector", "publisher")
    with (
        lossless(a, tmp_path, clip, *stages, PUBLISHER_RESULTS=results) as pipeline,
        pipeline.worker_on(b, "classifier"),
    ):
        limit(b, 4)
        wait_recorded(results, 5)
        b.cut_for(1.0)  # shorter than silence may last
        wait_recorded(results, len(frame_ids(rows_of(results))) + 1)
        b.cut()
        eventually(lambda: GIVEN_UP in pipeline.log, "it to be given up")
        b.mend()
        assert pipeline.wait() == 0, pipeline.log
    assert rows_of(results) == reference.rows


def test_detector_and_publisher_on_other_hosts_write_the_records_of_one(
    clip: Path, tmp_path: Path, inline_rows: Rows, three: ThreeHosts
) -> None:
    a, b, c = three
    results = tmp_path / "talk.csv"
    stages = ("capture", "classifier")
    with (
        lossless(a, tmp_path, clip, *stages, FRAME_TRANSPORT="inline") as pipeline,
        pipeline.worker_on(b, "detector"),
        pipeline.worker_on(c, "publisher", PUBLISHER_RESULTS=results) as publisher,
    ):
        wait_recorded(results, 5)
        c.cut_for(1.0)
        assert publisher.wait(DEADLINE_S) == 0, pipeline.log
        assert pipeline.wait() == 0, pipeline.log
    assert rows_of(results) == inline_rows


def test_run_of_frames_that_is_longer_on_its_way_than_silence_may_last_is_detected(
    tmp_path: Path, inline_rows: Rows, three: ThreeHosts
) -> None:
    a, b, _ = three
    clip = cut_demo(tmp_path / "talk.avi", 100, RUN)
    results = tmp_path / "talk.csv"
    stages = ("capture", "classifier", "publisher")
    settings: dict[str, str | Path] = {"FRAME_TRANSPORT": "inline", "PUBLISHER_RESULTS": results}
    with lossless(a, tmp_path, clip, *stages, **settings) as pipeline:
        limit(b, 0.5)
        with pipeline.worker_on(b, "detector"):
            assert pipeline.wait() == 0, pipeline.log
    assert rows_of(results) == [row for row in inline_rows if int(row["frame_id"]) < RUN]


def test_live_ledger_holds_and_faces_are_judged_again_when_cut_links_are_mended(
    tmp_path: Path, three: ThreeHosts
) -> None:
    a, b, c = three
    stages = ("broker", "capture", "publisher")
    with (
        HostPipeline(a, tmp_path, *stages, FRAME_TRANSPORT="inline") as pipeline,
        pipeline.worker_on(b, "classifier"),
        pipeline.worker_on(c, "detector"),
    ):
        eventually(lambda: is_judged(pipeline), lambda: f"a judged face; {pipeline.log}")
        for host in (b, c):
            host.cut()
        eventually(lambda: pipeline.log.count(GIVEN_UP) >= 2, "both to be given up")
        eventually(lambda: pipeline.get("/readyz")[0] == 503, "the page to say so")
        assert_ledger(pipeline.camera())
        assert not is_judged(pipeline)
        published = pipeline.camera()["published"]
        for host in (b, c):
            host.mend()
        pipeline.wait_published(published + 20)
        eventually(lambda: is_judged(pipeline), lambda: f"a judged face; {pipeline.log}")
        assert_ledger(pipeline.camera())
        assert pipeline.interrupt() == 130


def is_judged(pipeline: HostPipeline) -> bool:
    """Return whether a face of the newest picture was judged in it, by workers that take part."""
    newest = pipeline.camera().get("newest") or {}
    joined = pipeline.peers("classifier") and pipeline.peers("detector")
    return bool(joined) and any(not face["reused"] for face in newest.get("faces", []))


def test_nobody_joins_from_another_host_without_a_key_for_that(
    tmp_path: Path, three: ThreeHosts
) -> None:
    a, b, _ = three
    with HostPipeline(a, tmp_path, "broker", "publisher") as pipeline:
        key = pipeline.add_key("gpu-box", Role.CLASSIFIER)
        eventually(pipeline.status, lambda: f"a status; {pipeline.log}")
        assert "is on another machine" in refusal(pipeline, b, "classifier")
        without = refusal(pipeline, b, "classifier", BROKER_INSECURE="1")
        assert "takes only peers with a key" in without
        other = refusal(pipeline, b, "detector", BROKER_KEYS=key)
        assert "key gpu-box is good for classifier, not for detector" in other
        assert not pipeline.peers("detector")
        assert not pipeline.peers("classifier")


def refusal(pipeline: HostPipeline, host: Host, stage: str, **settings: str | Path) -> str:
    """Run a worker on a host until it is refused; return what it says in the end."""
    endpoint = pipeline.environ["BROKER_ENDPOINT"]
    environ = pipeline_environ(pipeline.folder, pipeline.port, BROKER_ENDPOINT=endpoint, **settings)
    command = [sys.executable, "-m", stage]
    process = host.start(command, env=environ, stderr=subprocess.PIPE, text=True)
    _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == EXIT_REFUSED, errors
    return str(errors.splitlines()[-1])


HOLDS_A_HOST = """
import sys
from tests.support.hosts import hosts

with hosts("a") as (a,):
    a.start(["sleep", "1000"])
    print(a.pid, flush=True)
    sys.stdin.read()
"""


def test_nothing_is_left_of_hosts_whose_maker_is_killed(three: ThreeHosts) -> None:
    maker = subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_HOST],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert maker.stdout is not None
    assert maker.stdin is not None
    first = int(maker.stdout.readline())
    made = psutil.Process(maker.pid).children(recursive=True)
    assert first in {process.pid for process in made}
    maker.kill()
    maker.communicate()
    _, alive = psutil.wait_procs(made, DEADLINE_S)
    assert not alive
