"""What fuzzing has reached is tried again, and a file that ends its reader is noticed."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tools.fuzz import pictures, sources, uploads, wire

CORPUS = Path(__file__).with_name("corpus")


def kept(target: str) -> list[Path]:
    """Return the inputs of a target that are kept as tests."""
    found = sorted((CORPUS / target).iterdir())
    assert found
    return found


@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")  # of a form that breaks off
@pytest.mark.parametrize(
    ("target", "good", "bad"),
    [
        (wire, "Result", "unknown"),
        (uploads, "200", "400"),
        (pictures, "DECODED", "TOO_MANY_PIXELS"),
    ],
)
def test_every_input_is_answered_as_it_should_be(target: ModuleType, good: str, bad: str) -> None:
    inputs = list(target.seeds().values())
    inputs += [path.read_bytes() for path in kept(target.__name__.rpartition(".")[2])]
    answers = [target.check(data) for data in inputs]
    gc.collect()
    assert any(answer.startswith(good) for answer in answers)
    assert any(bad in answer for answer in answers)


def test_headers_with_one_odd_value_are_messages_or_are_refused() -> None:
    for data in wire.seeds().values():
        assert all(wire.check(wire.changed(data, seed) or data) for seed in range(60))


def test_damaged_files_give_frames_or_are_refused(tmp_path: Path) -> None:
    paths = sources.write_damaged(tmp_path, sorted(sources.seeds().items()), seed=1)
    for path, answer in sources.read_all([*kept("sources"), *paths]):
        assert answer.endswith("frames") or answer.startswith("refused: it "), f"{path}: {answer}"


DYING = """
import os, sys
for name in sys.argv[1:]:
    if name.endswith("bad"):
        os.kill(os.getpid(), 9)
    print("8 frames", flush=True)
"""
HANGING = DYING.replace("os.kill(os.getpid(), 9)", "__import__('signal').pause()")


@pytest.mark.parametrize(
    ("reader", "complaint"), [(DYING, "broke: exit code -9"), (HANGING, "broke: not done in 2 s")]
)
def test_a_file_that_ends_or_stops_its_reader_is_named_and_the_rest_is_read(
    monkeypatch: pytest.MonkeyPatch, reader: str, complaint: str
) -> None:
    monkeypatch.setattr(sources, "READER", (sys.executable, "-c", reader))
    monkeypatch.setattr(sources, "SECONDS_A_PROCESS", 2.0)
    found = sources.read_all([Path("a"), Path("b.bad"), Path("c")])
    assert [(path.name, answer) for path, answer in found] == [
        ("a", "8 frames"),
        ("b.bad", complaint),
        ("c", "8 frames"),
    ]
