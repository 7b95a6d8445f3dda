"""What a container is asked for its health, run as its engine runs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, Response

from publisher.stage import tls_of
from publisher.web.server import WebServer
from tests.publisher.web.certificates import config_of, make_certificate
from tests.support.pipeline import ROOT, free_port, pipeline_environ

EVERYWHERE = "0.0.0.0"  # noqa: S104 - as in the image


@contextmanager
def page(code: int, **settings: Path) -> Iterator[WebServer]:
    app = Flask("test")

    @app.get("/healthz")
    def healthz() -> Response:
        return Response(status=code)

    with WebServer(EVERYWHERE, 0, 4, tls=tls_of(config_of(**settings))) as made:
        made.start(lambda: app)
        yield made


def check(folder: Path, port: int, **settings: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "healthcheck.py")],
        env=pipeline_environ(folder, port, PUBLISHER_HOST=EVERYWHERE, **settings),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("answer", "code"), [(200, 0), (401, 0), (503, 1), (404, 1)])
def test_a_page_that_lives_is_told_from_one_that_does_not(
    tmp_path: Path, answer: int, code: int
) -> None:
    with page(answer) as made:
        done = check(tmp_path, made.port)
    assert (done.returncode, done.stdout) == (code, f"/healthz answers {answer}\n")


def test_a_page_with_https_is_asked_by_https(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "page")
    settings = {"PUBLISHER_TLS_CERT": certificate, "PUBLISHER_TLS_KEY": key}
    with page(200, **settings) as made:
        assert check(tmp_path, made.port, **settings).returncode == 0
        assert check(tmp_path, made.port).returncode == 1


def test_nobody_there_is_not_healthy(tmp_path: Path) -> None:
    done = check(tmp_path, free_port())
    assert done.returncode == 1
    assert "the page does not answer: ConnectionRefusedError" in done.stderr
