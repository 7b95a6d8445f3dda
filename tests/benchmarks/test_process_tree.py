from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from benchmarks.process_tree import SUPERVISION, TreeSampler, pss_bytes
from tests.support.waiting import eventually

IDLE = "import time; time.sleep(100)"
BUSY = "while True: pass"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"


@contextmanager
def process(program: str) -> Iterator[int]:
    running = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    try:
        yield running.pid
    finally:
        for each in psutil.Process(running.pid).children(recursive=True):
            each.kill()
        running.kill()
        running.wait()


def wait_until_busy(sampler: TreeSampler) -> None:
    def busy() -> bool:
        return bool(sampler.samples) and sampler.samples[-1].cpu_s.get(SUPERVISION, 0) > 0.2

    eventually(busy, "CPU time of what runs")


def test_children_are_counted_too() -> None:
    with process(PARENT) as pid, TreeSampler(pid) as sampler:
        wait_until_busy(sampler)
    between_s = sampler.cpu_between(sampler.samples[0].at_s, sampler.samples[-1].at_s)
    assert between_s[SUPERVISION] > 0
    assert sampler.peak_pss_mb > 1


def test_another_root_can_be_added() -> None:
    with process(IDLE) as idle, process(BUSY) as busy, TreeSampler(idle) as sampler:
        sampler.add_root(busy)
        wait_until_busy(sampler)


def test_no_samples_in_a_time_are_told() -> None:
    with process(IDLE) as pid, TreeSampler(pid) as sampler:
        pass
    with pytest.raises(RuntimeError, match="expected two"):
        sampler.cpu_between(time.time(), time.time() + 1)


def test_shared_pages_count_in_parts() -> None:
    own = psutil.Process()
    assert 0 < pss_bytes(own) <= own.memory_info().rss * 1.1
