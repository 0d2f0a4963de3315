"""A customer with a directory: an organisation with a proven domain, and a token for SCIM."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.house import House, running_house
from tests.postgresql_server import PostgresqlServer
from tests.scim.directory import Directory, connected
from totrinn.storage import Database


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running installation."""
    with running_house(tmp_path) as running:
        yield running


@pytest.fixture
def fjordly(house: House) -> Iterator[Directory]:
    """The directory of Fjordly, which has proven fjordly.no."""
    with connected(house, "fjordly", "fjordly.no") as directory:
        yield directory


@pytest.fixture(params=["sqlite", "postgresql"])
def on_either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Directory]:
    """The same, over either database."""
    if request.param == "sqlite":
        with running_house(tmp_path) as house, connected(house, "fjordly", "fjordly.no") as directory:
            yield directory
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = server.create_database()
    database = Database.open(server.url(name))
    database.migrate()
    database.close()
    with (
        running_house(tmp_path, url=server.url(name)) as house,
        connected(house, "fjordly", "fjordly.no") as directory,
    ):
        yield directory
    server.drop_database(name)
