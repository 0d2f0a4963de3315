"""Installations on each kind of database, made by `totrinn init`, and served by programs of their own."""

from pathlib import Path

import pytest

from tests.cli.commands import command
from tests.postgresql_server import PostgresqlServer
from tests.races.nodes import Installed


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An installation on each database."""
    data = tmp_path_factory.mktemp("races") / "data"
    url = f"sqlite:///{data}/totrinn.sqlite3"
    if request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        url = server.url(server.create_database())
    return initialised(data, url)


@pytest.fixture(scope="module")
def on_postgresql(postgresql_server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An installation on PostgreSQL."""
    name = postgresql_server.create_database()
    return initialised(tmp_path_factory.mktemp("nodes") / "data", postgresql_server.url(name))


def initialised(data: Path, url: str) -> Installed:
    """Makes it."""
    outcome = command("init", "--data", str(data), "--database", url)
    assert outcome.status == 0, outcome.err
    return Installed(data, url)
