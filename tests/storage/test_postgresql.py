"""PostgreSQL restarts, fails over, falls silent, is only a standby: no wrong answer, and none that takes for ever."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.pgbouncer import Pgbouncer
from tests.postgresql_server import NoPostgresql, PostgresqlServer
from tests.storage.examples import a_person
from totrinn.app.errors import StoreUnavailable
from totrinn.storage import Database, UnusableDatabase

pytestmark = [pytest.mark.row("R94"), pytest.mark.timeout(300)]


@pytest.fixture
def servers() -> Iterator[tuple[PostgresqlServer, PostgresqlServer]]:
    """Two servers of this test's own."""
    try:
        both = PostgresqlServer.find(durable=True), PostgresqlServer.find(durable=True)
    except NoPostgresql as missing:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {missing}")
    with ExitStack() as stack:
        yield stack.enter_context(both[0]), stack.enter_context(both[1])


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of something that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(200)
        yield f"postgresql://totrinn@127.0.0.1:{listener.getsockname()[1]}/silent"


def _with_hosts(*urls: str) -> str:
    """One address that names the hosts of all."""
    hosts = ",".join(urlsplit(url).netloc.rpartition("@")[2] for url in urls)
    return f"postgresql://totrinn@{hosts}{urlsplit(urls[0]).path}"


def _follow(server: PostgresqlServer) -> None:
    """Makes a standby of it."""
    server.stop(signal.SIGINT)
    server.follow()


def _fill_all(database: Database, connections: int) -> None:
    """Has every connection of the pool for reading been used."""
    together = threading.Barrier(connections)

    def read() -> None:
        with database.reading() as unit:
            unit.people.find("anybody")
            together.wait(30)

    threads = [threading.Thread(target=read) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_after_a_restart_nobody_notices(servers: tuple[PostgresqlServer, PostgresqlServer]) -> None:
    """All connections have died: the next transactions, reading and writing, begin on new ones."""
    server, _ = servers
    database = Database.open(server.url(server.create_database()), connections=4)
    database.migrate()
    _fill_all(database, 4)
    for _ in range(3):
        server.stop()
        server.start()
        for _ in range(5):
            with database.reading() as unit:
                assert unit.people.find("anybody") is None
        with database.writing() as unit:
            assert unit.people.add(a_person())
    database.close()


def test_the_primary_is_found_among_several_hosts(servers: tuple[PostgresqlServer, PostgresqlServer]) -> None:
    """Named first or last, before and after a failover; while there is only a standby, nothing is read or written."""
    one, other = servers
    for server in servers:
        database = Database.open(server.url("postgres"))
        database.migrate()
        database.close()
    urls = [server.url("postgres") for server in servers]
    _follow(other)
    database = Database.open(f"{_with_hosts(urls[1], urls[0])}?target_session_attrs=read-write")
    with database.writing() as unit:
        assert unit.people.add(a_person(email="kari@example.no"))
    with database.reading() as unit:
        assert unit.people.find_by_email("kari@example.no") is not None
    _follow(one)
    for transaction in (database.reading, database.writing):
        with pytest.raises(StoreUnavailable), transaction():
            pass
    database.close()


def test_a_standby_is_not_even_read(servers: tuple[PostgresqlServer, PostgresqlServer]) -> None:
    """A session that has ended may still live there; so what stands in between and leads to it makes no difference."""
    standby, _ = servers
    database = Database.open(standby.url("postgres"))
    database.migrate()
    with Pgbouncer(standby) as pooler, ExitStack() as stack:
        behind = Database.open(pooler.url("postgres"))
        stack.callback(behind.close)
        with behind.reading() as unit:
            assert unit.people.find("anybody") is None
        with behind.writing() as unit:
            assert unit.people.find("anybody") is None
        _follow(standby)
        for each in (behind, database):
            for transaction in (each.reading, each.writing):
                with pytest.raises(StoreUnavailable), transaction() as unit:
                    unit.people.find("anybody")
    database.close()


def test_a_server_that_says_nothing_keeps_one_waiting_and_not_all(silent: str) -> None:
    """Those who come first wait for some seconds; after them one at a time does, and everybody else is told at once."""
    database = Database.open(silent, connections=10)
    with pytest.raises(StoreUnavailable), database.reading():
        pass
    waited: list[float] = []

    def ask() -> None:
        start = time.monotonic()
        with pytest.raises(StoreUnavailable), database.reading():
            pass
        waited.append(time.monotonic() - start)

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waited) == 40
    assert sorted(waited)[-2] < 2 < max(waited) < 12
    database.close()


def test_whoever_waits_for_a_connection_waits_in_turn_and_not_for_ever(
    servers: tuple[PostgresqlServer, PostgresqlServer],
) -> None:
    """With every connection taken the next is told after some seconds; when one comes back it goes on."""
    database = Database.open(servers[0].url("postgres"), connections=1)
    with database.reading(), pytest.raises(StoreUnavailable), database.reading():
        pass
    with database.reading():
        pass
    database.close()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://totrinn:geheim@127.0.0.1:5432,127.0.0.1:x/totrinn",
        "postgresql://totrinn:geheim@127.0.0.1/totrinn?no_such_thing=1",
        "postgresql://totrinn:geheim@127.0.0.1/totrinn?target_session_attrs=any",
        "postgresql://totrinn:geheim@127.0.0.1/totrinn?target_session_attrs=prefer-standby",
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_its_password(address: str) -> None:
    """Refused when it is read, or at the latest when it is used; the password is never repeated."""
    with pytest.raises((UnusableDatabase, StoreUnavailable)) as refused:
        _try(address)
    assert "geheim" not in str(refused.value)


def _try(address: str) -> None:
    database = Database.open(address)
    try:
        with database.reading():
            pass
    finally:
        database.close()
