"""Every test that asks for `database` runs on SQLite and on PostgreSQL, each time on a database of its own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.pgbouncer import Pgbouncer
from tests.postgresql_server import PostgresqlServer
from tests.storage.racing import Racers
from totrinn.storage import Database
from totrinn.storage.tables import metadata


def _migrated(url: str) -> None:
    database = Database.open(url)
    database.migrate()
    database.close()


class EmptyDatabases:
    """Migrated PostgreSQL databases, emptied and lent again: that is quicker than making one for each test."""

    def __init__(self, server: PostgresqlServer) -> None:
        self._server = server
        self._free: list[str] = []

    @contextmanager
    def borrowed(self) -> Iterator[str]:
        """The address of one. The borrower may fill it, but leaves its tables and triggers as they are."""
        name = self._free.pop() if self._free else self._made()
        url = self._server.url(name)
        yield url
        tables = SQL(", ").join(map(Identifier, metadata.tables))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(SQL("SET lock_timeout = '5s'"))
            connection.execute(SQL("TRUNCATE {}").format(tables))
        self._free.append(name)

    def _made(self) -> str:
        name = self._server.create_database()
        _migrated(self._server.url(name))
        return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables and nothing in them."""
    file = tmp_path_factory.mktemp("template") / "template.sqlite3"
    _migrated(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_server: PostgresqlServer) -> EmptyDatabases:
    """Databases with the tables and nothing in them."""
    return EmptyDatabases(postgresql_server)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database this is."""
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a migrated database."""
    if kind == "sqlite":
        file = tmp_path / "totrinn.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    databases: EmptyDatabases = request.getfixturevalue("postgresql_databases")
    with databases.borrowed() as url:
        if kind == "pgbouncer":
            pooler: Pgbouncer = request.getfixturevalue("pgbouncer")
            url = pooler.url(url.rpartition("/")[2])
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A migrated database of this test's own."""
    database = Database.open(url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def racers() -> Iterator[Racers]:
    """Three processes that race each other for whatever they are told to."""
    with Racers(3) as racers:
        yield racers
