"""What TensorFlow writes past Python while it is loaded."""

from __future__ import annotations

import contextlib
import os

import pytest

from common import gpus
from common.native_output import tensorflow_notices_left_out

HARMLESS = (
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    b"I0000 00:00:1.0 1 port.cc:153] oneDNN custom operations are on. You may see slightly\n"
    b"I0000 00:00:1.0 1 cpu_feature_guard.cc:227] This TensorFlow binary is optimized to use "
    b"available CPU instructions in performance-critical operations.\n"
    b"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow\n"
)
OF_GPUS = (
    b"I0000 00:00:1.0 1 cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU will "
    b"not be used.\n"
    b"E0000 00:00:1.0 1 cuda_platform.cc:52] failed call to cuInit: UNKNOWN ERROR (303)\n"
)
REAL = b"E0000 00:00:1.0 1 bfc_allocator.cc:1] ran out of memory trying to allocate 2.0 GiB\n"


def written(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], gpu: str) -> bytes:
    monkeypatch.setattr(gpus, "GPU_DEVICES", (gpu,))
    with tensorflow_notices_left_out():
        os.write(2, HARMLESS + OF_GPUS + REAL)
    os.write(2, b"after\n")
    return capfd.readouterr().err.encode()


def test_real_errors_are_seen_and_notices_are_not(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert written(monkeypatch, capfd, "/dev/no-such-gpu") == REAL + b"after\n"


def test_a_gpu_that_does_not_work_is_told_of(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert written(monkeypatch, capfd, os.devnull) == OF_GPUS + REAL + b"after\n"


def test_what_was_written_before_an_exception_is_seen(capfd: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(KeyError), tensorflow_notices_left_out():
        os.write(2, b"half a line")
        raise KeyError
    assert capfd.readouterr().err == "half a line"
