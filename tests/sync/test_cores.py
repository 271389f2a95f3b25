"""How many cores a process has, by what Linux says of its control groups."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest

from sync.cores import granted, usable
from sync.second import has_room

UNLIMITED = {"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.stat": "usage_usec 81\n"}
CONTAINER = {"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n"}
SERVICE = {
    "/proc/self/cgroup": "0::/system.slice/rounds.service\n",
    "/sys/fs/cgroup/system.slice/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/system.slice/rounds.service/cpu.max": "200000 100000\n",
}
WITHIN_A_SMALLER_ONE = SERVICE | {"/sys/fs/cgroup/system.slice/cpu.max": "50000 100000\n"}
OLD_GROUPS = "12:pids:/docker/3f9c\n8:cpu,cpuacct:/docker/3f9c\n3:cpuset:/docker/3f9c\n0::/docker/3f9c\n"
OLD_CONTAINER = {
    "/proc/self/cgroup": OLD_GROUPS,
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "100000\n",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
}
OLD_MACHINE = {
    "/proc/self/cgroup": OLD_GROUPS,
    "/sys/fs/cgroup/cpu/docker/3f9c/cpu.cfs_quota_us": "400000\n",
    "/sys/fs/cgroup/cpu/docker/3f9c/cpu.cfs_period_us": "50000\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
}
ODD = {"/proc/self/cgroup": "nothing\n0::\n::/\n\n5:cpu:/a:b\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n"}
OTHER_CONTROLLERS = {
    "/proc/self/cgroup": "3:cpuset:/a\n",
    "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "1\n",
    "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
}


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, math.inf),
        (UNLIMITED, math.inf),
        (CONTAINER, 1.5),
        (SERVICE, 2),
        (WITHIN_A_SMALLER_ONE, 0.5),
        (OLD_CONTAINER, 1),
        (OLD_MACHINE, 8),
        (ODD, math.inf),
        (OTHER_CONTROLLERS, math.inf),
    ],
)
def test_a_group_grants_what_it_and_those_around_it_do(files: dict[str, str], cores: float) -> None:
    assert granted(files.get) == cores


def test_what_is_granted_is_of_no_use_beyond_the_cores_that_there_are() -> None:
    seen = len(os.sched_getaffinity(0))
    assert usable(UNLIMITED.get) == seen
    assert usable(OLD_CONTAINER.get) == 1
    assert usable(WITHIN_A_SMALLER_ONE.get) == 0.5


@pytest.mark.parametrize("files", [CONTAINER, OLD_CONTAINER, WITHIN_A_SMALLER_ONE])
def test_there_is_no_room_for_a_second_judge_where_less_than_two_cores_are_granted(files: dict[str, str]) -> None:
    assert not has_room(files.get)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="this machine has one core")
def test_there_is_room_where_two_are_granted_and_none_on_a_single_one() -> None:
    assert has_room(SERVICE.get)
    text = "import os, sys; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])"
    text += "; from sync.second import has_room; sys.exit(has_room({}.get))"
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0
