"""A process hashes on the cores that it may use, and on its share of them where several serve."""

import os
from pathlib import Path

import pytest

from totrinn.cores import share_of_cores, usable_cores

_BOUND = len(os.sched_getaffinity(0))


def _group(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / name.replace("__", "/").replace("_max", ".max").replace("cpu/cfs", "cpu/cpu.cfs")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="ascii")
    return folder


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cpu_max": "max 100000\n"},
        {"cpu_max": "6400000 100000\n"},
        {"cpu__cfs_quota_us": "-1\n", "cpu__cfs_period_us": "100000\n"},
        {"cpu_max": "nonsense\n"},
        {"cpu_max": "1 0\n"},
    ],
)
def test_where_nothing_limits_it_all_that_it_is_bound_to_counts(tmp_path: Path, files: dict[str, str]) -> None:
    """No limit, a wide one, or one that cannot be read."""
    assert usable_cores(_group(tmp_path, **files)) == _BOUND


@pytest.mark.parametrize(
    "files",
    [
        {"cpu_max": "150000 100000\n"},
        {"cpu_max": "20000 100000\n"},
        {"cpu__cfs_quota_us": "100000\n", "cpu__cfs_period_us": "100000\n"},
    ],
)
def test_a_control_group_may_grant_less(tmp_path: Path, files: dict[str, str]) -> None:
    """Whole cores, at least one; both kinds of control groups."""
    assert usable_cores(_group(tmp_path, **files)) == 1


def test_several_processes_share_them(tmp_path: Path) -> None:
    """Together no more than there are cores, and each at least one."""
    assert share_of_cores(1, tmp_path) == _BOUND
    assert share_of_cores(_BOUND, tmp_path) == share_of_cores(64, tmp_path) == 1
