"""The password of a stream is seen nowhere while it is used, is wrong, or the stream is away."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.capture.rtsp_server import RtspServer
from tests.support.pipeline import Pipeline, free_port, pipeline_environ
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e
PASSWORD = "hunter2-of-the-door"  # noqa: S105
CAMERA = "127.0.0.1"
SHOWN = ("/", "/api/status", "/api/history", "/metrics", "/readyz")


@pytest.fixture
def server() -> Iterator[RtspServer]:
    made = RtspServer(credentials=f"viewer:{PASSWORD}")
    yield made
    made.close()


def command_lines(pipeline: Pipeline) -> list[str]:
    found = []
    for process in pipeline.processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(" ".join(process.cmdline()))
    return found


def assert_secret(pipeline: Pipeline) -> None:
    shown = [pipeline.log, *command_lines(pipeline)]
    shown += [pipeline.get(path)[1].decode() for path in SHOWN]
    assert all(shown)
    assert not any(PASSWORD in text for text in shown)


def test_no_page_log_or_process_shows_the_password(server: RtspServer) -> None:
    with Pipeline("broker", "detector", "publisher", "capture", CAPTURE_SOURCE=server.url) as made:
        eventually(lambda: made.camera(CAMERA).get("captured"), lambda: made.log)
        assert_secret(made)
        server.close()
        try:
            eventually(lambda: made.camera(CAMERA).get("online") is False, lambda: made.log)
            eventually(lambda: "offline" in made.log, lambda: made.log)
            assert_secret(made)
        finally:
            server.open()


def test_capture_that_waits_for_a_stream_does_not_tell_why_with_the_password(
    server: RtspServer,
) -> None:
    url = server.url.replace(PASSWORD, f"{PASSWORD}-wrong")
    with Pipeline("broker", "publisher", "capture", CAPTURE_SOURCE=url) as made:
        eventually(lambda: "waiting for it, Ctrl-C stops" in made.log, lambda: made.log)
        eventually(lambda: made.camera(CAMERA).get("reason"), lambda: made.log)
        assert_secret(made)


def test_password_on_the_command_line_is_refused(server: RtspServer, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "capture", "--source", server.url],
        env=pipeline_environ(tmp_path, free_port()),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "CAPTURE_SOURCE=rtsp://***@127.0.0.1" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert "can be read by every user" in done.stderr
