"""Control groups as files, so that every kind is tested on any machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from common import cores
from common.cores import usable_cores


@pytest.fixture(autouse=True)
def sixteen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_allowed_cores", lambda: 16)


def joins(root: Path, groups: str) -> None:
    """Write which control groups the process is in."""
    path = root / "proc/self/cgroup"
    path.parent.mkdir(parents=True)
    path.write_text(groups)


def quota_2(root: Path, folder: str, text: str) -> None:
    path = root / "sys/fs/cgroup" / folder / "cpu.max"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def quota_1(root: Path, folder: str, quota: str, period: str) -> None:
    path = root / "sys/fs/cgroup" / folder
    path.mkdir(parents=True, exist_ok=True)
    (path / "cpu.cfs_quota_us").write_text(quota)
    (path / "cpu.cfs_period_us").write_text(period)


def test_all_cores_are_used_where_there_are_no_control_groups(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == 16


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        ("max 100000\n", 16),
        ("200000 100000\n", 2),
        ("150000 100000\n", 1),
        ("50000 100000\n", 1),
        ("3200000 100000\n", 16),
        ("", 16),
    ],
)
def test_quota_counts_in_whole_cores_and_at_least_one(
    tmp_path: Path, text: str, usable: int
) -> None:
    joins(tmp_path, "0::/\n")
    quota_2(tmp_path, "", text)
    assert usable_cores(tmp_path) == usable


def test_narrowest_of_the_groups_around_the_process_counts(tmp_path: Path) -> None:
    joins(tmp_path, "0::/pod/container\n")
    quota_2(tmp_path, "pod", "400000 100000\n")
    quota_2(tmp_path, "pod/container", "max 100000\n")
    quota_2(tmp_path, "other", "100000 100000\n")
    assert usable_cores(tmp_path) == 4


def test_version_1_is_read_too(tmp_path: Path) -> None:
    joins(tmp_path, "5:memory:/a\n4:cpu,cpuacct:/docker/1f\n3:cpuset:/\n0::/\n")
    quota_1(tmp_path, "cpu,cpuacct", "-1\n", "100000\n")
    quota_1(tmp_path, "cpu,cpuacct/docker/1f", "300000\n", "100000\n")
    assert usable_cores(tmp_path) == 3


def test_container_that_sees_its_group_as_the_root_is_limited_too(tmp_path: Path) -> None:
    """Docker with version 1: the path is that of the host, and the mount is the container's."""
    joins(tmp_path, "4:cpu,cpuacct:/docker/1f\n")
    quota_1(tmp_path, "cpu,cpuacct", "200000\n", "100000\n")
    assert usable_cores(tmp_path) == 2


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux has affinity")
def test_affinity_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert usable_cores(tmp_path) == 1
    finally:
        os.sched_setaffinity(0, before)
