"""Each test of the pages has an installation of its own, and a clock that stands where the test puts it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from tests.web.house import PASSWORD, House, services_on
from totrinn.crypto import Argon2Passwords, KeyVault
from totrinn.storage import Database

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What all houses are made of: migrated tables without rows, keys, and one hash of `PASSWORD`."""

    tables: Path
    keys: Path
    password_hash: str


@pytest.fixture(scope="session")
def blueprint(tmp_path_factory: pytest.TempPathFactory) -> Blueprint:
    """Made once, as tables, keys and hashes take their time."""
    directory = tmp_path_factory.mktemp("blueprint")
    tables, keys = directory / "totrinn.sqlite3", directory / "keys"
    database = Database.open(f"sqlite:///{tables}")
    database.migrate()
    database.close()
    KeyVault.create(keys)
    return Blueprint(tables, keys, Argon2Passwords().hash(PASSWORD))


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The time, which goes on by itself and can be moved: `clock.shift(timedelta(minutes=5))`."""
    with time_machine.travel(START) as traveller:
        yield traveller


@pytest.fixture
def house(blueprint: Blueprint, clock: time_machine.Traveller, tmp_path: Path) -> Iterator[House]:
    """An installation with nobody in it."""
    tables = tmp_path / "totrinn.sqlite3"
    shutil.copy(blueprint.tables, tables)
    database = Database.open(f"sqlite:///{tables}")
    services = services_on(database, KeyVault.load(blueprint.keys))
    yield House(services, blueprint.password_hash)
    database.close()
