"""What the proof walked, and which planted flaws it found, stands at the end of every report.

The tests may run in several processes, each of which hands what it has found to the one that reports.
"""

from collections import Counter
from typing import Any

import pytest

WALKED = pytest.StashKey[list[str]]()
TALLY = pytest.StashKey[Counter[str]]()
_HANDED_OVER = "proof"


@pytest.fixture
def walked(pytestconfig: pytest.Config) -> list[str]:
    """Lines for the report."""
    return _found(pytestconfig)[0]


@pytest.fixture
def tally(pytestconfig: pytest.Config) -> Counter[str]:
    """How many planted flaws were found, and how many not."""
    return _found(pytestconfig)[1]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One process of several hands over what it found."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        lines, tally = _found(session.config)
        output[_HANDED_OVER] = (lines, dict(tally))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """The process that reports takes what another hands over."""
    more_lines, more = getattr(node, "workeroutput", {}).get(_HANDED_OVER, ([], {}))
    lines, tally = _found(node.config)
    lines.extend(more_lines)
    tally.update(more)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the report, if the proof ran."""
    lines, tally = _found(config)
    if lines or tally:
        terminalreporter.section("proof")
    for line in lines:
        terminalreporter.line(line)
    if tally:
        terminalreporter.line(f"flaws planted: {tally.total()}, found: {tally['found']}, harmless: {tally['harmless']}")


def _found(config: pytest.Config) -> tuple[list[str], Counter[str]]:
    return config.stash.setdefault(WALKED, []), config.stash.setdefault(TALLY, Counter())
