"""Every test that asks for `house` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import Browser, House, running_house
from tests.gate.visiting import Visit, prepare, protect
from tests.storage.conftest import EmptyDatabases, postgresql_databases

__all__ = ["postgresql_databases"]

OLA = "ola@fjordly.test"
APP, OTHER = "app.test", "other.test:8443"


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A running installation with an organisation, and two protected applications."""
    if request.param == "sqlite":
        with running_house(tmp_path) as running:
            yield furnished(running)
        return
    databases: EmptyDatabases = request.getfixturevalue("postgresql_databases")
    with databases.borrowed() as url, running_house(tmp_path, url=url) as running:
        yield furnished(running)


def furnished(house: House) -> House:
    """The house with what every test needs."""
    prepare(house)
    protect(house, APP)
    protect(house, OTHER, name="Other")
    return house


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The server's clock, in the tester's hands."""
    moved = Clock()
    monkeypatch.setattr("totrinn.web.routing.datetime", moved)
    monkeypatch.setattr("totrinn.web.gate.answering.datetime", moved)
    return moved


@pytest.fixture
def ola(house: House) -> Browser:
    """A browser in which Ola is signed in with both factors."""
    return house.enrolled(OLA, "fjordly")


@pytest.fixture
def visit(ola: Browser) -> Visit:
    """Ola's browser, let in to the protected host."""
    visit = Visit(ola, APP)
    assert visit.enter("/a?b=%26&c=%C3%A6+d").status_code == 303
    assert visit.status() == 200
    return visit
