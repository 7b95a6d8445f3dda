"""What a container is asked for its health, of publishers as they are started."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from common.contract import Role
from publisher.config import SECRET
from publisher.live.problems import NO_BROKER, NO_WORKER
from tests.publisher.guarded import EVERYWHERE, token_file
from tests.publisher.web.certificates import make_certificate
from tests.support.pipeline import ROOT, Pipeline, free_port, pipeline_environ
from tests.support.waiting import eventually
from tools.healthcheck import trouble_of


def tokens(folder: Path) -> dict[str, Path]:
    return {"PUBLISHER_TOKEN_FILE": token_file(folder)}


def https(folder: Path) -> dict[str, Path]:
    certificate, key = make_certificate(folder, "page")
    return {"PUBLISHER_TLS_CERT": certificate, "PUBLISHER_TLS_KEY": key}


@contextmanager
def started(environ: dict[str, str], *command: str) -> Iterator[psutil.Process]:
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environ)
    try:
        page = psutil.Process(process.pid)
        eventually(page.environ)  # it has none for a moment
        yield page
    finally:
        process.terminate()
        process.wait()


def said(page: Callable[[], psutil.Process]) -> str | None:
    """Return the trouble of a page; None where it cannot be asked yet."""
    try:
        return trouble_of(page())
    except (OSError, psutil.Error, IndexError):
        return None


@pytest.mark.parametrize("of", [lambda _: {}, tokens, https], ids=["made tokens", "file", "https"])
def test_a_page_is_asked_as_it_was_started(
    tmp_path: Path, of: Callable[[Path], dict[str, Path]]
) -> None:
    environ = pipeline_environ(tmp_path, free_port(), PUBLISHER_HOST=EVERYWHERE, **of(tmp_path))
    port = str(free_port())
    with started(environ, "-m", "publisher", "--port", port) as supervisor:
        assert NO_BROKER.text in eventually(lambda: said(lambda: supervisor.children()[0]))


@pytest.mark.e2e
def test_a_stage_that_is_stuck_is_trouble_until_it_goes_on() -> None:
    """The supervisor, which would replace it, is stuck too."""
    with Pipeline(PUBLISHER_HOST=EVERYWHERE) as pipeline:

        def trouble() -> str | None:
            return said(lambda: pipeline.processes("publisher.stage")[0])

        eventually(lambda: trouble() == "", lambda: f"{trouble()}; log:\n{pipeline.log}")
        stuck = [*pipeline.processes("classifier"), *pipeline.processes("classifier.stage")]
        for process in stuck:
            process.suspend()
        expected = NO_WORKER[Role.CLASSIFIER].text
        eventually(lambda: expected in (trouble() or ""), lambda: str(trouble()))
        for process in stuck:
            process.resume()
        eventually(lambda: trouble() == "", lambda: str(trouble()))


def test_nobody_there_is_an_error(tmp_path: Path) -> None:
    environ = pipeline_environ(tmp_path, free_port()) | {SECRET: "00"}
    with (
        started(environ, "-c", "import time; time.sleep(600)") as page,
        pytest.raises(ConnectionRefusedError),
    ):
        trouble_of(page)
