"""Tests of what ``pip install`` brings, where nothing else of the project is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import ferstream
from tests.support.pipeline import ROOT, free_port

BUILD = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
SCRIPT = """import sys
from ferstream.__main__ import main
if __name__ == "__main__":
    sys.exit(main())
"""
BIN = Path(sys.executable).parent
OWN_MODULES = ("common.py", "capture.py", "publisher.py", "detector.py", "classifier.py")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages, as ``pip install .`` makes it, and the script."""
    source = tmp_path_factory.mktemp("source") / "ferstream"
    left_out = shutil.ignore_patterns(".*", "tests", "docs", "build", "dist", "*.egg-info")
    shutil.copytree(ROOT, source, symlinks=True, ignore=left_out)
    built = subprocess.run(
        [sys.executable, "-c", BUILD], check=False, cwd=source, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    packages = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(source / built.stdout.splitlines()[-1]) as wheel:
        wheel.extractall(packages)
    (packages / "bin").mkdir()
    (packages / "bin" / "ferstream").write_text(SCRIPT)
    return packages


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder, in which some files are called as our modules are."""
    for name in OWN_MODULES:
        (tmp_path / name).write_text("raise RuntimeError('not ours')\n")
    return tmp_path


def run(installed: Path, folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    own = ("CAPTURE_", "DETECTOR", "CLASSIFIER_", "PUBLISHER_", "BROKER_", "HONCHO_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=folder,
        env=environ | {"PYTHONPATH": str(installed), "PATH": f"{BIN}{os.pathsep}{environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_the_procfile_is_that_of_the_project(installed: Path) -> None:
    brought = (installed / "ferstream" / "Procfile").read_text()
    assert brought == (ROOT / "Procfile").read_text()


def test_types_are_told_to_who_installs_it(installed: Path) -> None:
    assert (installed / "ferstream" / "py.typed").is_file()


@pytest.mark.e2e
@pytest.mark.parametrize("starter", ["bin/ferstream run", "-m honcho -f ferstream/Procfile start"])
def test_it_runs_a_pipeline_where_files_are_called_as_its_modules(
    installed: Path, folder: Path, second_of_video: Path, starter: str
) -> None:
    settings = {
        "BROKER_ENDPOINT": f"ipc://{folder}/broker.ipc",
        "CAPTURE_SOURCE": second_of_video,
        "CAPTURE_MODE": "lossless",
        "PUBLISHER_RESULTS": "talk.csv",
        "PUBLISHER_PORT": free_port(),
    }
    lines = "".join(f"{name}={value}\n" for name, value in settings.items())
    (folder / ".env").write_text(lines)
    words = [str(installed / word) if "/" in word else word for word in starter.split()]
    ran = run(installed, folder, *words)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ferstream.read(folder / "talk.csv").num_rows > 20


@pytest.mark.e2e
def test_its_commands_find_their_own_modules(
    installed: Path, folder: Path, second_of_video: Path
) -> None:
    (folder / "cameras").write_text("hall 0\n")
    for command in (
        ["analyze", second_of_video, "-o", "talk.csv"],
        ["report", "talk.csv"],
        ["archive", second_of_video, "--to", "records", "--shard", "0/1"],
        ["cells", "cameras"],
    ):
        ran = run(installed, folder, installed / "bin" / "ferstream", *command)
        assert ran.returncode == 0, ran.stderr


def test_a_module_of_its_own_is_run_beside_a_file_called_as_another(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "common.py").write_text("raise RuntimeError('not ours')\n")
    for module in ("publisher.report", "capture", "detector", "classifier", "publisher"):
        ran = run(installed, tmp_path, "-m", module, "--help")
        assert ran.returncode == 0, ran.stderr


def test_the_starter_lets_what_is_beside_it_be_found_last(tmp_path: Path, installed: Path) -> None:
    (tmp_path / "common.py").write_text("raise RuntimeError('not ours')\n")
    (tmp_path / "theirs.py").write_text("import common, sys\nprint(common.__file__, *sys.argv[1:])")
    ran = run(installed, tmp_path, "-m", "ferstream_start", "theirs", "-x", "1")
    assert ran.stdout == f"{installed / 'common' / '__init__.py'} -x 1\n", ran.stderr


@pytest.mark.parametrize("words", [[], ["captur"], ["--help"], [".stage"]])
def test_the_starter_says_what_it_runs_where_that_is_not_there(
    tmp_path: Path, installed: Path, words: list[str]
) -> None:
    ran = run(installed, tmp_path, "-m", "ferstream_start", *words)
    assert ran.returncode == 1
    got = words[0] if words else ""
    assert ran.stderr.startswith("ferstream_start: expected a module to run (capture, ")
    assert ran.stderr.endswith(f"got {got!r}\n")


def test_who_reads_no_further_is_no_error(installed: Path, second_of_video: Path) -> None:
    script = installed / "bin" / "ferstream"
    with subprocess.Popen(
        [sys.executable, script, "analyze", second_of_video],
        env=os.environ | {"PYTHONPATH": str(installed)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 141
    assert "pipe" not in errors.lower()


def test_a_program_beside_which_such_a_file_lies_is_told_which(
    installed: Path, folder: Path
) -> None:
    ran = run(installed, folder, "-c", "import ferstream")
    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {folder / 'common.py'} ")
    assert "rename" in last
