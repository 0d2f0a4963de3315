"""How many cores this process may use: those that it is bound to, and no more than its control group is granted."""

import os
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")


def share_of_cores(processes: int, groups: Path = _GROUPS) -> int:
    """The cores for one of so many processes that are alike; at least one."""
    return max(1, usable_cores(groups) // processes)


def usable_cores(groups: Path = _GROUPS) -> int:
    """Whole cores, at least one."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    granted = _granted(groups)
    return bound if granted is None else max(1, min(bound, int(granted)))


def _granted(groups: Path) -> float | None:
    """What the control group may use of the machine, in cores; None where nothing limits it (cgroups(7), v2 and v1)."""
    words = _words(groups / "cpu.max") or _words(groups / "cpu/cpu.cfs_quota_us", groups / "cpu/cpu.cfs_period_us")
    if len(words) != 2 or not all(word.isdecimal() for word in words) or int(words[1]) == 0:
        return None
    return int(words[0]) / int(words[1])


def _words(*files: Path) -> list[str]:
    try:
        return [word for file in files for word in file.read_text(encoding="ascii").split()]
    except OSError:
        return []
