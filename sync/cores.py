"""How many cores' worth of time a process has: a container may grant it less than the cores that it sees."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

Read = Callable[[str], str | None]
"""The contents of a file; None where it cannot be read."""

_GROUPS = "/proc/self/cgroup"
_ROOTS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
_ROOTS_OF_CPU = ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct")
"""Where the control groups of version 1 are that share out the processors."""


def contents(path: str) -> str | None:
    """What a file holds now."""
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def usable(read: Read = contents) -> float:
    """The cores that this process may run on, or the time of as many as it is granted, where that is less."""
    seen = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(seen, granted(read))


def granted(read: Read) -> float:
    """Of how many cores the control groups of this process grant it the time: 1.5, say; infinite where none says.

    Pure. Sources: `cpu.max` in Linux's page on cgroup v2; `cpu.cfs_quota_us` in its page on CFS bandwidth control.
    """
    limits = (_limit(folder, read) for folder in _folders(read(_GROUPS) or ""))
    return min((each for each in limits if each is not None), default=math.inf)


def _folders(groups: str) -> Iterator[str]:
    """Where limits of a process may stand: a group has those of all groups around it.

    Within a container the path is often that of the machine outside, which is not to be seen there: what is seen in its
    stead is the root.
    """
    for line in groups.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if path and (not controllers or "cpu" in controllers.split(",")):
            within = PurePosixPath(path)
            for root in _ROOTS_OF_CPU if controllers else _ROOTS:
                yield from (f"{root}{each}".rstrip("/") for each in (within, *within.parents))


def _limit(folder: str, read: Read) -> float | None:
    told = read(f"{folder}/cpu.max")
    if told is None:
        told = " ".join(read(f"{folder}/cpu.cfs_{name}_us") or "" for name in ("quota", "period"))
    try:
        quota, period = map(int, told.split())
    except ValueError:  # there is no such file, or it says `max`
        return None
    return quota / period if quota > 0 and period > 0 else None
