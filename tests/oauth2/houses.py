"""The house of the pages on each kind of database, with keys of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from time_machine import Traveller

from tests.postgresql_server import PostgresqlServer
from tests.web.conftest import Blueprint
from tests.web.house import House, services_on
from totrinn.crypto import KeyVault
from totrinn.storage import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, blueprint: Blueprint, clock: Traveller, tmp_path: Path) -> Iterator[House]:
    """An installation on this kind of database."""
    url = f"sqlite:///{tmp_path / 'totrinn.sqlite3'}"
    if request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        url = server.url(server.create_database())
    keys = shutil.copytree(blueprint.keys, tmp_path / "keys")
    database = Database.open(url)
    database.migrate()
    services = services_on(database, KeyVault.load(keys))
    yield House(services, blueprint.password_hash)
    database.close()
