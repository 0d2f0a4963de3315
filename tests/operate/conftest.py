"""Machines of our own need root and Linux namespaces; without them the pages are not tried."""

import subprocess
import sys

import pytest

from tests.operate.hosts import PROJECT, Network, NoMachines
from tests.operate.page import Machine

SECONDS = 600


@pytest.fixture(scope="session", autouse=True)
def machines() -> None:
    """Skips with the reason where no machine can be made."""
    try:
        with Network((Machine(("alone",), "192.0.2.1"),)):
            pass
    except NoMachines as missing:
        pytest.skip(f"THE OPERATOR'S PAGES ARE NOT TRIED: {missing}")


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """Compiles what the machines would each compile for themselves."""
    folders = [str(PROJECT / "src"), str(PROJECT / ".venv" / "lib")]
    subprocess.run([sys.executable, "-m", "compileall", "-q", "-j", "2", *folders], check=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a minute on a busy machine may take it."""
    for item in items:
        if item.path.is_relative_to(__file__.rpartition("/")[0]):
            item.add_marker(pytest.mark.timeout(SECONDS))
