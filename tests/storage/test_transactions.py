"""Transactions: all or nothing, a consistent view, and no way to write while only reading."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.postgresql_server import NoPostgresql, PostgresqlServer
from tests.storage.examples import NOW, a_person, add_organisation, add_person, an_event, an_organisation
from totrinn.app.errors import StoreUnavailable
from totrinn.app.records import Person
from totrinn.core.events import Event
from totrinn.core.throttle import Counter
from totrinn.storage import Database, UnusableDatabase
from totrinn.storage.columns import microseconds


class Failure(Exception):
    """Something goes wrong in the middle."""


def write_and_fail(database: Database, person: Person) -> None:
    """Adds a person, and then raises `Failure`."""
    with database.writing() as unit:
        unit.people.add(person)
        raise Failure


def change_and_log(database: Database, person: Person, event: Event) -> None:
    """Changes a password, and writes the event that tells so."""
    with database.writing() as unit:
        unit.people.set_password(person.id, "new", NOW)
        unit.log.write(event)


def test_an_exception_undoes_everything(database: Database) -> None:
    """What was written before an exception is not there after it."""
    person = a_person()
    with pytest.raises(Failure):
        write_and_fail(database, person)
    with database.reading() as unit:
        assert unit.people.find(person.id) is None


@pytest.mark.row("R93")
def test_a_change_whose_event_cannot_be_written_does_not_happen(database: Database) -> None:
    """When the log, or the database itself, refuses the event, the change that it was to tell of is undone."""
    with database.writing() as unit:
        person = add_person(unit)
        unit.log.write(an_event())
    with pytest.raises(TypeError):
        change_and_log(database, person, an_event(at=datetime(2026, 1, 1)))  # noqa: DTZ001 - that is what is refused
    with no_two_events_of_one(database), pytest.raises(sa.exc.IntegrityError):
        change_and_log(database, person, an_event())
    with database.reading() as unit:
        assert unit.people.find(person.id) == person


@contextmanager
def no_two_events_of_one(database: Database) -> Iterator[None]:
    """While the block lasts the database refuses a second event of the same actor."""
    with database.engines.writing.begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX no_two_of_one ON event (actor)")
    yield
    with database.engines.writing.begin() as connection:
        connection.exec_driver_sql("DROP INDEX no_two_of_one")


def write_while_it_stops(database: Database, server: PostgresqlServer) -> None:
    """Has the server die between a change and its commit."""
    with database.writing() as unit:
        add_person(unit)
        server.stop()


@pytest.mark.row("R94")
def test_nothing_can_be_written_while_only_reading(database: Database) -> None:
    """The database itself refuses, whatever the code asks for."""
    with pytest.raises((sa.exc.DBAPIError, StoreUnavailable)), database.reading() as unit:
        unit.people.add(a_person(email="written@example.no"))
    with database.reading() as unit:
        assert unit.people.find_by_email("written@example.no") is None


def test_reading_sees_one_consistent_state(database: Database) -> None:
    """What others commit meanwhile is not seen before the next transaction."""
    with database.writing() as unit:
        person = add_person(unit)
    with database.reading() as reader:
        assert reader.people.find(person.id) == person
        with database.writing() as writer:
            writer.people.set_name(person.id, "Ola")
        assert reader.people.find(person.id) == person
    with database.reading() as reader:
        found = reader.people.find(person.id)
    assert found is not None
    assert found.name == "Ola"


def test_writing_sees_what_was_committed_before_it_locked(database: Database) -> None:
    """Whoever waited for a lock sees what the holder of the lock wrote."""
    with database.writing() as unit:
        organisation, person = add_organisation(unit), add_person(unit)
    holds, may_end = threading.Event(), threading.Event()
    seen: list[object] = []

    def first() -> None:
        with database.writing() as unit:
            unit.people.lock(person.id)
            unit.members.lock(organisation.id)
            unit.throttles.lock("key")
            holds.set()
            may_end.wait(60)
            unit.people.set_name(person.id, "Ola")
            unit.throttles.save("key", Counter(1, NOW))

    def second() -> None:
        holds.wait(60)
        may_end.set()
        with database.writing() as unit:
            unit.people.lock(person.id)
            unit.members.lock(organisation.id)
            found = unit.people.find(person.id)
            seen.extend((unit.throttles.lock("key"), found and found.name))

    threads = [threading.Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert seen == [Counter(1, NOW), "Ola"]


def test_a_reader_never_waits_for_a_writer(database: Database) -> None:
    """While somebody writes, others read the state before."""
    with database.writing() as writer:
        organisation = an_organisation()
        writer.organisations.add(organisation)
        with database.reading() as reader:
            assert reader.organisations.find(organisation.id) is None


def test_repositories_of_one_transaction_are_made_once(database: Database) -> None:
    """The same subject is the same object, and there is no other."""
    with database.reading() as unit:
        assert unit.people is unit.people
        with pytest.raises(AttributeError):
            _ = unit.peoples  # type: ignore[attr-defined]  # which is the point


def test_times_keep_every_microsecond() -> None:
    """A time is stored exactly, before 1970 and far ahead, too."""
    for text in ("1969-12-31T23:59:59.999999+00:00", "2026-11-23T12:00:00.000001+01:00", "9999-12-31T23:59:59+00:00"):
        at = datetime.fromisoformat(text)
        assert microseconds(at) == round(at.timestamp() * 1_000_000) or at.year == 9999
        assert datetime.fromtimestamp(microseconds(at) // 1_000_000, at.tzinfo).replace(microsecond=0) == at.replace(
            microsecond=0
        )


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////nowhere/at/all.sqlite3",
        "sqlite:///a?b=c",
        "mysql://localhost/x",
        "nonsense",
        "postgresql://localhost/x?prepare_threshold=often",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_at_once(url: str) -> None:
    """No database in memory, no other kinds, no missing folder."""
    with pytest.raises(UnusableDatabase):
        Database.open(url)


def test_postgresql_prepares_statements_only_when_told(postgresql_server: PostgresqlServer) -> None:
    """By default PgBouncer may stand in between; where it does not, the server keeps its plans over transactions."""
    url = postgresql_server.url(postgresql_server.create_database())
    for address, prepared in ((url, 0), (f"{url}?prepare_threshold=1", 1)):
        database = Database.open(address)
        database.migrate()
        for _ in range(4):
            with database.reading() as unit:
                assert unit.people.find("nobody") is None
        with database.engines.reading.connect() as connection:
            count = "SELECT count(*) FROM pg_prepared_statements WHERE position('FROM person' IN statement) > 0"
            assert connection.exec_driver_sql(count).scalar_one() == prepared
        database.close()


@pytest.mark.row("R94")
def test_a_database_that_is_gone_is_an_error_of_its_own() -> None:
    """Reading and writing both say that the store is unavailable, and work again when it is back."""
    gone = Database.open("postgresql://totrinn@127.0.0.1:1/gone")
    with pytest.raises(StoreUnavailable), gone.reading():
        pass
    with pytest.raises(StoreUnavailable), gone.writing():
        pass
    gone.close()


@pytest.mark.row("R94")
def test_a_server_that_dies_in_the_middle_changes_nothing() -> None:
    """A transaction whose server dies says that the store is unavailable, and so does every later one."""
    try:
        server = PostgresqlServer.find()
    except NoPostgresql as missing:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {missing}")
    with server:
        database = Database.open(server.url(server.create_database()))
        database.migrate()
        with pytest.raises(StoreUnavailable):
            write_while_it_stops(database, server)
        with pytest.raises(StoreUnavailable), database.reading() as unit:
            unit.people.find("anybody")
        database.close()


def test_the_clock_of_the_database_is_compared(database: Database) -> None:
    """A server has its own; a file has none: the machine's is held against how it ran on. An hour is seen by both."""
    here = abs(database.clock_difference())
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1), tick=True):
        late = database.clock_difference()
    assert here < timedelta(seconds=2)
    assert round(late / timedelta(hours=1), 1) == 1
