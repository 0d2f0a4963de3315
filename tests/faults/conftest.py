"""Faults befall an installation on each kind of database; a server that is to be killed writes to the disk."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql_server import NoPostgresql, PostgresqlServer

_LONGEST_SECONDS = 600
"""A fault test starts a program several times; on a machine that is busy with others, each start takes its time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives each test of faults its time."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_LONGEST_SECONDS))


@pytest.fixture
def durable_server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL server that loses nothing when it is killed."""
    try:
        server = PostgresqlServer.find(durable=True)
    except NoPostgresql as missing:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {missing}")
    with server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database this is."""
    return str(request.param)


@pytest.fixture
def address(kind: str, request: pytest.FixtureRequest) -> str:
    """The address of an empty database; nothing for the file in the folder."""
    if kind == "sqlite":
        return ""
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    return server.url(server.create_database())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the installation is made."""
    return tmp_path / "data"


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> "Tell":
    """Prints the figures of a long run, whatever is captured."""
    return Tell(capsys)


class Tell:
    """Says figures."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, line: str) -> None:
        """Prints the line."""
        with self._capsys.disabled():
            sys.stdout.write(f"\n{line}\n")
