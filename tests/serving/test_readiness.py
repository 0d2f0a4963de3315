"""`/health/ready` says in time, in words for anybody, why a process cannot do its work; `/health/live` never waits."""

import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.cli.commands import environment, program
from tests.cli.conftest import House
from tests.cli.test_serving import Server, _wait_for, free_port, serving
from tests.postgresql_server import PostgresqlServer
from tests.serving.clients import wait_until
from tests.serving.forwarding import forwarding
from totrinn.bootstrap import open_installation
from totrinn.config import read_settings
from totrinn.crypto import KeyVault
from totrinn.readiness import CLOCK_IS_OFF, NO_ANSWER, OTHER_KEYS, OTHER_TABLES, Readiness, Reasons
from totrinn.storage import Database

FRESH = 1.1


def not_ready(server: Server, reason: str) -> None:
    """It says so, and why, and lives."""
    time.sleep(FRESH)
    began = time.monotonic()
    status, _, text = server.get("/health/ready")
    assert (status, text) == (503, f"{reason}\n")
    assert time.monotonic() - began < 3
    assert server.get("/health/live")[0] == 200


def ready(server: Server) -> bool:
    """It says so."""
    return server.get("/health/ready")[::2] == (200, "ready\n")


def change(house: House, *statements: str) -> None:
    """Does something to the database, from outside."""
    with sqlite3.connect(house.data / "totrinn.sqlite3", timeout=20) as database:
        for statement in statements:
            database.execute(statement)


@pytest.mark.row("R94")
def test_other_tables_other_keys_and_no_database(house: House) -> None:
    """Each has its line, and when it is mended the process is ready again by itself."""
    with serving(house.data) as server:
        assert ready(server)
        change(house, "UPDATE alembic_version SET version_num = '9999'")
        not_ready(server, OTHER_TABLES)
        change(house, "UPDATE alembic_version SET version_num = '0000'")
        not_ready(server, OTHER_TABLES)
        last = max(Path("src/totrinn/storage/migrations/versions").glob("0*.py")).name[:4]
        change(house, f"UPDATE alembic_version SET version_num = '{last}'")
        time.sleep(FRESH)
        assert ready(server)
        change(house, "CREATE TABLE kept AS SELECT * FROM installation WHERE key = 'check value of the keys'")
        change(house, "UPDATE installation SET value = 'x' || value WHERE key = 'check value of the keys'")
        not_ready(server, OTHER_KEYS)
        change(house, "DELETE FROM installation WHERE key = 'check value of the keys'")
        not_ready(server, OTHER_KEYS)
        change(house, "INSERT INTO installation SELECT * FROM kept", "DROP TABLE kept")
        shutil.move(house.data / "totrinn.sqlite3", house.data / "away")
        not_ready(server, NO_ANSWER)
        assert not (house.data / "totrinn.sqlite3").exists()
        shutil.move(house.data / "away", house.data / "totrinn.sqlite3")
        time.sleep(FRESH)
        assert ready(server)


@pytest.fixture
def address(postgresql_server: PostgresqlServer, tmp_path: Path) -> Iterator[str]:
    """The address of an installation on a server."""
    name = postgresql_server.create_database()
    url = postgresql_server.url(name)
    made = program("init", "--data", str(tmp_path), TOTRINN_DATABASE=url)
    assert made.status == 0, made.err
    yield url
    postgresql_server.drop_database(name)


def through(address: str, port: int) -> str:
    """The same database by another port."""
    return address.replace(f":{urlsplit(address).port}/", f":{port}/")


@contextmanager
def started(data: Path, database: str) -> Iterator[Server]:
    """`serve` on a database server, begun but perhaps not serving yet."""
    port = free_port()
    command = [sys.executable, "-m", "totrinn", "serve", "--data", str(data), "--port", str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(TOTRINN_DATABASE=database)
    )
    try:
        yield Server(process, port)
    finally:
        process.kill()
        process.communicate(timeout=30)


@pytest.mark.row("R94")
def test_a_database_that_hangs(address: str, tmp_path: Path) -> None:
    """An answer comes within two seconds all the same; and however often it is asked, the database is not."""
    port = free_port()
    target = ("127.0.0.1", urlsplit(address).port or 0)
    with forwarding(port, target) as forwarder, started(tmp_path, through(address, port)) as server:
        _wait_for(server)
        assert ready(server)
        forwarder.hang()
        not_ready(server, NO_ANSWER)
        began = time.monotonic()
        assert {server.get("/health/live")[0] for _ in range(20)} == {200}
        assert time.monotonic() - began < 5
        forwarder.go_on()
        wait_until(lambda: ready(server))


def test_asking_often_costs_the_database_little(address: str, tmp_path: Path) -> None:
    """Fifty questions within a second or two are one or two connections."""
    with started(tmp_path, address) as server:
        _wait_for(server)
        before = _sessions(address)
        began = time.monotonic()
        for _ in range(50):
            assert ready(server)
        allowed = time.monotonic() - began + 2
        assert _sessions(address) - before <= allowed


def _sessions(address: str) -> int:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_clear_snapshot(), pg_sleep(1.5)")
        row = connection.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert row is not None
    return int(row[0])


def test_a_start_waits_for_a_database_that_is_not_up_yet(address: str, tmp_path: Path) -> None:
    """It says what it waits for, without the server's password, and serves as soon as it can."""
    port = free_port()
    with started(tmp_path, through(address, port).replace("totrinn@", "totrinn:kanari-passord@")) as server:
        assert server.process.stderr is not None
        said = server.process.stderr.readline()
        assert "waiting for the database" in said
        assert "kanari" not in said
        with forwarding(port, ("127.0.0.1", urlsplit(address).port or 0)):
            _wait_for(server)
            assert ready(server)


@pytest.mark.row("R94")
@pytest.mark.parametrize(("seconds", "is_off"), [(1.9, False), (-1.9, False), (2.1, True), (-2.1, True)])
def test_a_process_whose_clock_is_off_is_not_ready(
    house: House, monkeypatch: pytest.MonkeyPatch, seconds: float, is_off: bool
) -> None:
    """Codes and links would be judged by the wrong time: whoever shares out the requests leaves it out."""
    monkeypatch.setattr(Database, "clock_difference", lambda _: timedelta(seconds=seconds))
    with open_installation(read_settings({}, data=house.data)) as installation:
        assert _found(installation.database, installation.vault) == ((CLOCK_IS_OFF,) if is_off else ())


def _found(database: Database, vault: KeyVault) -> Reasons:
    @contextmanager
    def opened() -> Iterator[Database]:
        yield database

    return Readiness(opened, vault, lambda: False)._found()
