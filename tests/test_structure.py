"""Who may import what, and that the files that promise something keep it."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from classifier.backends import BUNDLED_MODELS
from common.child import STARTER
from common.config import BrokerSettings
from common.face_model import MANIFEST_NAME

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("capture", "detector", "classifier", "publisher")
PACKAGES = (*STAGES, "common", "training", "ferstream")
FIRST_PARTY = {*PACKAGES, "tests", "benchmarks", "tools"}
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
SUPERVISORS = ("capture", "detector", "classifier", "publisher", "common.broker")
ROOMS = {
    "publisher": (
        *("config", "faces", "output_files", "as_json", "provenance"),
        *("tracking", "drawing", "results", "recording", "live", "uploads"),
        *("web", "report", "stage", "__main__"),
    ),
    "training": ("config", "metrics", "data", "model", "run", "measure", "measure.plots"),
    "ferstream": (
        "patterns",
        "own_modules",
        "settings",
        "engine",
        "faces",
        "other_libraries",
        "records",
        "plots",
        "analyzer",
        "archive",
        "env_file",
        "checks",
        "commands",
        "__main__",
    ),
}
"""Modules and folders from the lowest to the highest; above those of training are its commands."""
HEAVY = ("numpy", "cv2", "flask", "waitress", "tensorflow", "keras", "onnxruntime", "av", "zmq")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports_of(path: Path) -> Iterator[str]:
    """Yield the full name of whatever a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): set(imports_of(path))
    for path in FILES
    if path.name != "__init__.py"
}


def tops_of(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports_of(path)}


def importers_of(module: str) -> set[str]:
    return {name_of(path) for path in FILES if module in tops_of(path)}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_package_imports_only_itself_and_common(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    allowed = {package, "common", *(STAGES if package == "ferstream" else ())}
    assert tops_of(path) & FIRST_PARTY <= allowed


@pytest.mark.parametrize(
    ("library", "module"),
    [
        ("cv2", "common/opencv.py"),
        ("tensorflow", "classifier/tensorflow_backend.py"),
        ("keras", "classifier/tensorflow_backend.py"),
        ("onnxruntime", "common/onnx_session.py"),
        ("PIL", "publisher/uploads/decoder.py"),
    ],
)
def test_library_is_imported_in_one_place_and_in_training(library: str, module: str) -> None:
    outside = {name for name in importers_of(library) if not name.startswith("training/")}
    assert outside == {module}


@pytest.mark.parametrize("folder", [*PACKAGES, "benchmarks", "tests"])
def test_onnx_runtime_is_told_to_report_nothing_before_it_is_imported(folder: str) -> None:
    for path in sorted((ROOT / folder).rglob("*.py")):
        imported = list(imports_of(path))
        runtime = [at for at, name in enumerate(imported) if name.startswith("onnxruntime")]
        if runtime and path != ROOT / "common" / "onnx_session.py":
            assert "common.onnx_session" in imported[: runtime[0]], name_of(path)


def place_of(name: str) -> int:
    """Return the place of the room that a name is in, one above all where it is in none."""
    package, _, inside = name.partition(".")
    rooms = ROOMS[package]
    found = [at for at, room in enumerate(rooms) if f"{inside}.".startswith(f"{room}.")]
    return max(found, default=len(rooms))


@pytest.mark.parametrize("package", ROOMS)
def test_room_imports_only_what_lies_below(package: str) -> None:
    for module, imported in MODULES.items():
        for name in imported if module.startswith(f"{package}.") else ():
            if name.startswith(f"{package}."):
                assert place_of(name) <= place_of(module), f"{module} imports {name}"


def test_every_room_of_the_publisher_has_its_place() -> None:
    found = {name.split(".")[1] for name in MODULES if name.startswith("publisher.")}
    assert found == set(ROOMS["publisher"])


def test_no_module_imports_itself_in_a_circle() -> None:
    known = {
        module: {name for full in imported for name in (full, full.rpartition(".")[0])} & {*MODULES}
        for module, imported in MODULES.items()
    }
    assert set(TopologicalSorter(known).static_order()) == set(MODULES)


def test_http_is_known_only_in_the_publishers_web() -> None:
    importers = importers_of("flask") | importers_of("werkzeug")
    assert all(name.startswith("publisher/web/") for name in importers)
    fence = importers_of("waitress")
    assert all(name.startswith("publisher/web/waitress_") for name in fence)


def test_zmq_is_imported_only_by_common() -> None:
    assert all(name.startswith("common/") for name in importers_of("zmq"))


def test_sockets_are_made_and_messages_packed_in_one_place_each() -> None:
    assert importers_of("msgpack") == set()
    makers = {name_of(path) for path in FILES if re.search(r"context\.socket\(", path.read_text())}
    assert makers == {"common/sockets.py"}


def test_decoder_of_uploads_knows_nothing_else_of_this_project() -> None:
    """Where strangers' pictures are decoded there is nothing to be found."""
    ours = {
        name
        for name in imports_of(ROOT / "publisher" / "uploads" / "decoder.py")
        if name.partition(".")[0] in FIRST_PARTY
    }
    modules = {name.rpartition(".")[0] for name in ours}
    assert modules == {"common.picture_size", "publisher.uploads.decoder_protocol"}
    for module in modules:
        assert not set(MODULES[module]) & FIRST_PARTY


def test_messages_know_neither_sockets_nor_the_wire() -> None:
    known = set(imports_of(ROOT / "common" / "messages.py"))
    assert not any(
        name.startswith(("zmq", "msgpack", "msgspec.msgpack", "common.wire")) for name in known
    )


def test_logic_of_the_broker_knows_no_sockets_and_no_clock() -> None:
    logic = set((ROOT / "common" / "broker").rglob("*.py"))
    logic -= {ROOT / "common" / "broker" / name for name in ("loop.py", "stage.py", "progress.py")}
    for path in logic:
        assert not tops_of(path) & {"zmq", "time", "socket"}, name_of(path)


@pytest.mark.parametrize("module", ["pickle", "cloudpickle", "dill", "shelve", "marshal", "joblib"])
def test_nothing_is_pickled(module: str) -> None:
    assert importers_of(module) == set()
    allowing = [name_of(path) for path in FILES if "allow_pickle=True" in path.read_text()]
    assert allowing == []


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.name == "__init__.py" and path.parent.name != "ferstream"],
    ids=name_of,
)
def test_package_file_holds_a_docstring_and_nothing_else(path: Path) -> None:
    body = ast.parse(path.read_text()).body
    assert len(body) == 1
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_all_packages_and_nothing_else_are_installed() -> None:
    found = re.search(
        r"^\[tool\.setuptools\]\npackages = \[(.*?)\]",
        (ROOT / "pyproject.toml").read_text(),
        re.DOTALL | re.MULTILINE,
    )
    assert found, "Python 3.10 has no tomllib: the list must be where the expression looks"
    folders = [path.parent.relative_to(ROOT) for path in FILES if path.name == "__init__.py"]
    packages = sorted(".".join(folder.parts) for folder in folders)
    assert sorted(re.findall(r'"(.*?)"', found[1])) == packages


def test_the_models_that_run_are_installed_and_no_other() -> None:
    listed = re.search(
        r"^classifier = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert listed
    patterns = re.findall(r'"(.*?)"', listed[1])
    installed = {path.name for item in patterns for path in (ROOT / "classifier").glob(item)}
    assert installed == {*BUNDLED_MODELS.values(), "expression.onnx", MANIFEST_NAME}


@pytest.mark.parametrize("stage", SUPERVISORS)
def test_supervisor_imports_nothing_heavy(stage: str) -> None:
    """Five of them run beside the stages: what each imports is paid for five times."""
    program = f"import sys, {stage}.__main__; print(*sys.modules)"
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    output = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "common.supervisor" in output.split()
    assert not set(HEAVY) & set(output.split())


@pytest.mark.parametrize("stage", SUPERVISORS)
def test_every_setting_is_in_the_example_with_its_default(stage: str) -> None:
    listed = dict(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=(.*?)\s*$", example(), re.MULTILINE))
    for variable, default in settings_of(stage):
        assert variable in listed, f"{variable} is not in .env.example"
        shown = "" if default is None else str(default)
        assert listed[variable].strip("\"'") == shown, f"{variable}: default is {shown!r}"


def test_nothing_else_is_in_the_example() -> None:
    variables = {variable for stage in SUPERVISORS for variable, _ in settings_of(stage)}
    listed = set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", example(), re.MULTILINE))
    assert listed <= variables


def test_the_example_is_comments_and_sets_nothing_twice() -> None:
    lines = [line for line in example().splitlines() if line]
    assert [line for line in lines if not line.startswith("#")] == []
    listed = re.findall(r"^#\s?([A-Z][A-Z0-9_]+)=", example(), re.MULTILINE)
    assert sorted(listed) == sorted(set(listed))


def test_every_stage_is_in_the_procfile() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    commands = [line.split(f"python -m {STARTER} ")[1] for line in lines if line.strip()]
    assert sorted(commands) == sorted(SUPERVISORS)


def example() -> str:
    return (ROOT / ".env.example").read_text()


def settings_of(stage: str) -> list[tuple[str, object]]:
    """Return variable and default of each of a stage's settings."""
    settings = [item for item in fields(config_of(stage)) if "variable" in item.metadata]
    return [(item.metadata["variable"], item.default) for item in settings]


def config_of(stage: str) -> Any:
    """Return the dataclass of a stage's settings."""
    module = importlib.import_module(f"{stage}.config")
    (found,) = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, BrokerSettings) and item != BrokerSettings
    ]
    return found
