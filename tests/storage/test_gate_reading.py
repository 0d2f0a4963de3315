"""What the gate reads: exactly what pages read, as it is now, on each database and with PgBouncer in between."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import pytest

from tests.postgresql_server import PostgresqlServer
from tests.races.nodes import free_port
from tests.serving.forwarding import forwarding
from tests.storage.examples import NOW, add_member, add_organisation, add_session, digest, new_id
from tests.storage.sso_examples import a_proof, add_connection, add_linked
from totrinn.app.applications.records import Agreement, Application
from totrinn.app.errors import StoreUnavailable
from totrinn.app.gate.records import Ticket
from totrinn.app.ports import GateReads, Unit
from totrinn.app.records import LiveSession, Session
from totrinn.core.policy import Requirement
from totrinn.storage import Database
from totrinn.storage.gate_postgresql import CONNECTIONS, PostgresqlGateReads

_PATIENCE_SECONDS = 60
_LONGEST_REFUSAL_SECONDS = 15.0
HOST, OTHER = "app.test", "other.test:8443"
Result = TypeVar("Result")


@pytest.fixture(params=["sqlite", "postgresql", "pgbouncer"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database this is."""
    return str(request.param)


@dataclass(frozen=True, slots=True)
class Stored:
    """A session with a pass."""

    session: Session
    application: Application


def _application(unit: Unit, *hosts: str) -> Application:
    application = Application(new_id(), Agreement("Jobadmin", hosts=hosts), is_enabled=True, revision=1, created_at=NOW)
    unit.applications.add(application)
    return application


def _pass_for(unit: Unit, session: Session, application: Application, label: str = "pass") -> None:
    ticket = Ticket(HOST, application.id, digest("start"), "/", session.id, NOW + timedelta(seconds=30))
    unit.passes.add(digest(label), ticket, NOW)


@pytest.fixture
def stored(database: Database) -> Stored:
    """A session by password with a pass, and one by SSO beside it."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id, has_factor=True)
        session = add_session(unit, person.id, organisation.id, "session")
        application = _application(unit, HOST)
        _pass_for(unit, session, application)
        connection = add_connection(unit)
        _, identity = add_linked(unit, connection)
        by_sso = add_session(
            unit, identity.person_id, identity.organisation_id, "by sso", proof=a_proof(identity, session="name")
        )
        _pass_for(unit, by_sso, application, "pass by sso")
    return Stored(session, application)


def asked(database: Database, ask: Callable[[GateReads], Awaitable[Result]]) -> Result:
    """What the gate would read, in a loop of its own."""

    async def all_of_it() -> Result:
        reads = database.gate_reads()
        try:
            return await ask(reads)
        finally:
            reads.close()

    return asyncio.run(all_of_it())


async def _behind_pass(reads: GateReads, *, label: str) -> LiveSession | None:
    return await reads.behind_pass(digest(label), HOST)


async def _behind_session(reads: GateReads, *, label: str) -> LiveSession | None:
    return await reads.behind_session(digest(label))


def test_it_reads_what_pages_read(database: Database, stored: Stored) -> None:
    """The same session, standing and connection, whichever way in."""
    with database.reading() as unit:
        for label, pass_label in (("session", "pass"), ("by sso", "pass by sso")):
            live = unit.sessions.find(digest(label))
            assert live is not None
            assert asked(database, partial(_behind_pass, label=pass_label)) == live
            assert asked(database, partial(_behind_session, label=label)) == live
    assert asked(database, lambda reads: reads.is_protected(HOST))


def test_a_pass_is_for_its_host_and_its_application(database: Database, stored: Stored) -> None:
    """Another host, an application that is off, one that has lost the host, and a pass that is none find nothing."""

    def finds(host: str = HOST, label: str = "pass") -> bool:
        return asked(database, lambda reads: reads.behind_pass(digest(label), host)) is not None

    assert finds()
    assert not finds(OTHER)
    assert not finds(label="session")
    application = stored.application
    with database.writing() as unit:
        unit.applications.set_enabled(application.id, is_enabled=False)
    assert not finds()
    assert not asked(database, lambda reads: reads.is_protected(HOST))
    with database.writing() as unit:
        unit.applications.set_enabled(application.id, is_enabled=True)
    assert finds()
    with database.writing() as unit:
        changed = replace(application, agreement=Agreement("Jobadmin", hosts=(OTHER,)))
        assert unit.applications.save(changed, expected_revision=1)
        _application(unit, HOST)
    assert not finds(), "the host belongs to another application"
    assert not finds(OTHER)
    assert asked(database, lambda reads: reads.is_protected(HOST))


def test_what_was_committed_is_seen_at_once(database: Database, url: str, stored: Stored) -> None:
    """However often it was read before, by one reader that lives on; whoever wrote it."""

    async def look() -> None:
        reads, elsewhere = database.gate_reads(), Database.open(url)
        try:
            for number in range(1, 40):
                since = NOW if number % 2 else None
                with elsewhere.writing() as unit:
                    assert unit.organisations.take_requirement(
                        stored.session.organisation_id, Requirement(since=since), by=None, expected_revision=number
                    )
                for _ in range(3):
                    live = await reads.behind_pass(digest("pass"), HOST)
                    assert live is not None
                    assert live.standing.organisation is not None
                    assert live.standing.organisation.policy.requirement.since == since
            with elsewhere.writing() as unit:
                unit.sessions.take(stored.session.id)
            assert await reads.behind_pass(digest("pass"), HOST) is None
        finally:
            reads.close()
            elsewhere.close()

    asyncio.run(look())


def test_many_at_once_are_all_answered(database: Database, stored: Stored) -> None:
    """More than there are connections wait for each other."""

    async def look(reads: GateReads) -> int:
        found = await asyncio.gather(*(reads.behind_pass(digest("pass"), HOST) for _ in range(20 * CONNECTIONS)))
        return sum(live is not None for live in found)

    assert asked(database, look) == 20 * CONNECTIONS


async def _finds(reads: GateReads) -> bool:
    return await reads.behind_pass(digest("pass"), HOST) is not None


def test_a_server_that_hangs_is_refused_in_time_and_comes_again(
    database: Database, url: str, kind: str, stored: Stored
) -> None:
    """Nobody waits for long, the loop goes on meanwhile, and afterwards the server answers again."""
    if kind != "postgresql":
        return
    port, address = free_port(), urlsplit(url)
    there = address._replace(netloc=f"totrinn@127.0.0.1:{port}").geturl()

    async def look() -> None:
        reads = PostgresqlGateReads(there)
        with forwarding(port, ("127.0.0.1", address.port or 0)) as between:
            assert await _finds(reads)
            between.hang()
            began, turns = time.monotonic(), 0
            tasks = [asyncio.create_task(_finds(reads)) for _ in range(12)]
            while not all(task.done() for task in tasks):
                await asyncio.sleep(0.01)
                turns += 1
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes), outcomes
            assert time.monotonic() - began < _LONGEST_REFUSAL_SECONDS
            assert turns > 50
            between.go_on()
            await _until_it_finds(reads)
        with pytest.raises(StoreUnavailable):
            await _finds(reads)
        with forwarding(port, ("127.0.0.1", address.port or 0)):
            await _until_it_finds(reads)
        reads.close()

    asyncio.run(look())


async def _until_it_finds(reads: GateReads) -> None:
    last = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            assert await _finds(reads)
        except StoreUnavailable:
            assert time.monotonic() < last
            await asyncio.sleep(0.05)
        else:
            return


def test_a_server_that_was_started_again_is_asked_again_and_one_that_follows_is_not_believed() -> None:
    """A restart costs nobody a refusal; a standby is refused, even where the address would let it answer."""
    with PostgresqlServer.find() as server:
        url = server.url(server.create_database())
        database = Database.open(url)
        database.migrate()
        with database.writing() as unit:
            organisation = add_organisation(unit)
            session = add_session(unit, add_member(unit, organisation.id).id, organisation.id, "session")
            _pass_for(unit, session, _application(unit, HOST))
        database.close()

        async def look() -> None:
            reads = PostgresqlGateReads(url)
            assert await _finds(reads)
            server.stop(signal.SIGINT)
            with pytest.raises(StoreUnavailable):
                await _finds(reads)
            server.start()
            await _until_it_finds(reads)
            server.stop(signal.SIGINT)
            server.start()
            assert await _finds(reads), "what was idle is tried anew"
            server.stop(signal.SIGINT)
            server.follow()
            with pytest.raises(StoreUnavailable):
                await _finds(reads)
            reads._parameters["target_session_attrs"] = "any"
            with pytest.raises(StoreUnavailable):
                await _finds(reads)
            server.promote()
            await _until_it_finds(reads)
            reads.close()

        asyncio.run(look())
