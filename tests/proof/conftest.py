"""What the proof walked, and which planted flaws it found, stands at the end of every report."""

from collections import Counter

import pytest

WALKED = pytest.StashKey[list[str]]()
TALLY = pytest.StashKey[Counter[str]]()


@pytest.fixture
def walked(pytestconfig: pytest.Config) -> list[str]:
    """Lines for the report."""
    return pytestconfig.stash.setdefault(WALKED, [])


@pytest.fixture
def tally(pytestconfig: pytest.Config) -> Counter[str]:
    """How many planted flaws were found, and how many not."""
    return pytestconfig.stash.setdefault(TALLY, Counter())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the report, if the proof ran."""
    lines = config.stash.get(WALKED, [])
    tally = config.stash.get(TALLY, Counter())
    if lines or tally:
        terminalreporter.section("proof")
    for line in lines:
        terminalreporter.line(line)
    if tally:
        terminalreporter.line(f"flaws planted: {tally.total()}, found: {tally['found']}, harmless: {tally['harmless']}")
