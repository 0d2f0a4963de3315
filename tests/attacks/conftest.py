"""Each attack gets an installation of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import House, running_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running installation."""
    with running_house(tmp_path) as running:
        yield running


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The server's clock, in the attacker's hands."""
    moved = Clock()
    monkeypatch.setattr("totrinn.web.routing.datetime", moved)
    return moved
