"""Tests of archives in an object store: a server that speaks S3, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import fs

import ferstream
from ferstream.archive.sources import find_videos
from ferstream.archive.stores import Store
from ferstream.archive.task import Job, Status, analyse
from publisher.as_json import Json
from tests.ferstream.archive.conftest import Archive
from tests.support.pipeline import free_port
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """Yield the settings that lead to it."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "moto.server", "-p", url.rpartition(":")[2]]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: answers(url), "the store")
        yield {
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": url,
        }
        process.terminate()


@pytest.fixture
def bucket(
    server: dict[str, str], monkeypatch: pytest.MonkeyPatch, recordings: Path, tmp_path: Path
) -> str:
    """Put the recordings into a bucket; return its address."""
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    name = tmp_path.name.replace("_", "-")
    files, _ = fs.FileSystem.from_uri(f"s3://{name}?allow_bucket_creation=true")
    files.create_dir(name)
    fs.copy_files(str(recordings), f"{name}/recordings", destination_filesystem=files)
    return f"s3://{name}"


def test_a_prefix_gives_the_videos_under_it(bucket: str) -> None:
    assert [video.name for video in find_videos([f"{bucket}/recordings/monday"])] == [
        "monday/talk.avi"
    ]


def test_what_is_in_a_store_is_analysed_into_it(bucket: str, clip: Path, about: Json) -> None:
    (video,) = find_videos([f"{bucket}/recordings/monday"])
    job = Job(video, f"{bucket}/results", {}, about)
    assert analyse(job).status is Status.DONE
    assert analyse(job).status is Status.SKIPPED
    folder = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - of the system
    assert not list(folder.glob("ferstream-*/talk.avi")), "no copy is left"


def test_a_whole_run_from_a_store_to_a_store(archive: Archive, bucket: str, clip: Path) -> None:
    archive.to = f"{bucket}/results"  # type: ignore[assignment]
    archive.environ |= {name: os.environ[name] for name in os.environ if name.startswith("AWS_")}
    code, errors = archive.run(f"{bucket}/recordings")
    assert code == 2, errors
    assert f"2 of 4 failed; {bucket}/results/_manifest.jsonl says why" in errors
    results = Store(f"{bucket}/results")
    assert (results.read("_manifest.jsonl") or b"").count(b'"done"') == 2
    assert sorted(file.path.partition("/")[2] for file in results.files()) == [
        "results/recordings/monday/talk.avi.parquet",
        "results/recordings/tuesday/talk.avi.parquet",
    ]
    fetched = archive.folder / "fetched.parquet"
    fetched.write_bytes(results.read("recordings/monday/talk.avi.parquet") or b"")
    once = ferstream.analyze_video(clip, progress=False)
    records = ferstream.read(fetched)
    assert records.drop_columns("camera").equals(once.drop_columns("camera"))


def test_a_bucket_that_is_not_there_is_named(bucket: str) -> None:
    with pytest.raises(ferstream.ConfigError, match="s3://nowhere"):
        find_videos(["s3://nowhere/at/all"])
