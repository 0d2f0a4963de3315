"""The house of the pages on each kind of database, with keys of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from time_machine import Traveller

from tests.postgresql_server import PostgresqlServer
from tests.web.conftest import Blueprint
from tests.web.house import House
from tests.web.provider import ScriptedProviders, ScriptedRecords
from totrinn.app.ports import Services
from totrinn.crypto import Argon2Passwords, KeyVault, SystemRandomness
from totrinn.oidc_provider import JoseOpenId
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
    services = Services(
        store=database,
        passwords=Argon2Passwords(),
        vault=KeyVault.load(keys),
        random=SystemRandomness(),
        providers=ScriptedProviders(),
        domain_records=ScriptedRecords(),
        openid=JoseOpenId(),
        application_name="Jobadmin",
        vendor_name="Jobadmin support",
    )
    yield House(services, blueprint.password_hash)
    database.close()
