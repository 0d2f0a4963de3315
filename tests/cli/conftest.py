"""Each test has an installation of its own: a copy of one that `totrinn init` made."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Outcome, command
from tests.cli.crowd import Crowd
from tests.postgresql_server import PostgresqlServer


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, as tables take their time."""
    data = tmp_path_factory.mktemp("fresh") / "data"
    assert command("init", "--data", str(data)).status == 0
    return data


class House:
    """An installation, and commands on it."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def run(self, *words: str, typed: str | bytes = "", **settings: str) -> Outcome:
        """Runs a command on this installation."""
        return command(*words, "--data", str(self.data), typed=typed, **settings)

    def done(self, *words: str, typed: str | bytes = "") -> Outcome:
        """Runs a command that succeeds."""
        outcome = self.run(*words, typed=typed)
        assert outcome.status == 0, outcome.err
        return outcome


@pytest.fixture
def house(fresh: Path, tmp_path: Path) -> House:
    """An installation with nobody in it."""
    return House(Path(shutil.copytree(fresh, tmp_path / "data")))


@pytest.fixture
def fjordly(house: House) -> House:
    """An installation with a customer."""
    house.done("organisation", "create", "Fjordly AS", "--slug", "fjordly")
    return house


@pytest.fixture(params=["sqlite", "postgresql"])
def crowd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crowd]:
    """An organisation with many people, on either database."""
    if request.param == "sqlite":
        yield Crowd(tmp_path / "data", None)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.create_database()
    yield Crowd(tmp_path / "data", server.url(name))
    server.drop_database(name)
