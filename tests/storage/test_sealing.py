"""The sealed log: whatever anybody who can write to the database does to it is found."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.storage.examples import NOW, add_organisation, add_person, an_event
from tests.storage.services import services_of
from totrinn.app import auditing
from totrinn.app.auditing import Fault, Finding, SealingFailed, seal_log, verify_log
from totrinn.app.ports import Services
from totrinn.core.events import Kind, Source
from totrinn.crypto import KeyVault
from totrinn.storage import Database
from totrinn.storage.tables import event, installation, seal

pytestmark = pytest.mark.row("R92")

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def services(database: Database, tmp_path: Path) -> Services:
    """Everything that sealing needs, with keys of its own."""
    vault = KeyVault.create(tmp_path / "keys")
    return services_of(database, vault)


@pytest.fixture
def organisations(services: Services) -> tuple[str, str]:
    """Two organisations with five batches of two events each, and as many events of no organisation, all sealed."""
    with services.store.writing() as unit:
        first, second = add_organisation(unit).id, add_organisation(unit).id
    for minute in range(5):
        write(services, first, second, None, at=NOW + timedelta(minutes=minute))
        seal_log(services, NOW + timedelta(minutes=minute, seconds=30))
    return first, second


def write(services: Services, *organisations: str | None, at: datetime = NOW) -> None:
    """Two events for each."""
    with services.store.writing() as unit:
        for organisation_id in (*organisations, *organisations):
            unit.log.write(an_event(organisation_id=organisation_id, at=at))


def tamper(services: Services, *statements: sa.Executable) -> None:
    """Does what somebody can do who owns the database: without the triggers, that is."""
    assert isinstance(services.store, Database)
    with services.store.engines.writing.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        else:
            triggers = (
                "event_keeps_its_words",
                "event_keeps_its_batch",
                "event_stays",
                "seal_keeps_its_words",
                "seal_stays",
            )
            for trigger in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            connection.execute(statement)


def batch_of(organisation_id: str, number: int) -> sa.ColumnElement[bool]:
    """The events of one batch."""
    return sa.and_(event.c.organisation_id == organisation_id, event.c.batch == number)


def seal_of(organisation_id: str, number: int) -> sa.ColumnElement[bool]:
    """One seal."""
    return sa.and_(seal.c.organisation_id == organisation_id, seal.c.number == number)


def one_of(organisation_id: str, number: int) -> sa.ColumnElement[bool]:
    """The first event of one batch."""
    return event.c.id == sa.select(sa.func.min(event.c.id)).where(batch_of(organisation_id, number)).scalar_subquery()


def found(services: Services) -> set[tuple[str, int, Fault]]:
    """What the verification finds."""
    return {(each.organisation_id, each.batch, each.fault) for each in verify_log(services).findings}


def test_an_untouched_log_is_sound(services: Services, organisations: tuple[str, str]) -> None:
    """Nothing is found in a log that nobody has touched, and everything has been read."""
    verification = verify_log(services)
    assert verification.is_sound
    assert (verification.batches, verification.events) == (15, 30)


def test_an_empty_log_is_sound(services: Services) -> None:
    """A log that has never been sealed has nothing wrong with it."""
    assert verify_log(services).is_sound
    assert seal_log(services, NOW) == 0


def test_events_that_have_not_settled_are_left_for_later(services: Services) -> None:
    """An event of this very second is not sealed yet; two seconds later it is, once."""
    write(services, None, at=NOW)
    assert seal_log(services, NOW + timedelta(seconds=1)) == 0
    assert seal_log(services, NOW + timedelta(seconds=3)) == 2
    assert seal_log(services, NOW + timedelta(seconds=3)) == 0


def test_a_great_backlog_is_sealed_in_small_batches(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much has gathered, no batch and no transaction grows beyond its bounds, and all of it is sealed."""
    monkeypatch.setattr(auditing, "EVENTS_PER_TRANSACTION", 10)
    monkeypatch.setattr(auditing, "EVENTS_PER_BATCH", 4)
    with services.store.writing() as unit:
        organisation_id = add_organisation(unit).id
        for _ in range(25):
            unit.log.write(an_event(organisation_id=organisation_id))
    assert seal_log(services, LATER) == 25
    with services.store.reading() as unit:
        assert [each.count for each in unit.log.seals(organisation_id)] == [4, 4, 2, 4, 4, 2, 4, 1]
    assert verify_log(services).is_sound


Tampering = Callable[[str, str], tuple[sa.Executable, ...]]

CHANGES: dict[str, tuple[Tampering, Fault]] = {
    "kind": (lambda a, _: (sa.update(event).where(one_of(a, 3)).values(kind="signin:code:refused"),), Fault.CHANGED),
    "time": (lambda a, _: (sa.update(event).where(one_of(a, 3)).values(at=LATER),), Fault.CHANGED),
    "actor": (lambda a, _: (sa.update(event).where(one_of(a, 3)).values(actor="x"),), Fault.CHANGED),
    "address": (lambda a, _: (sa.update(event).where(one_of(a, 3)).values(address="x"),), Fault.CHANGED),
    "browser": (lambda a, _: (sa.update(event).where(one_of(a, 3)).values(browser="x"),), Fault.CHANGED),
    "person": (lambda a, _: (sa.update(event).where(one_of(a, 3)).values(person_id="x"),), Fault.CHANGED),
    "detail": (lambda a, _: (sa.update(event).where(one_of(a, 3)).values(detail={"amr": "sms"}),), Fault.CHANGED),
    "id": (lambda a, _: (sa.update(event).where(one_of(a, 3)).values(id="x"),), Fault.CHANGED),
    "seal's digest": (lambda a, _: (sa.update(seal).where(seal_of(a, 3)).values(digest="x"),), Fault.CHANGED),
    "seal's time": (lambda a, _: (sa.update(seal).where(seal_of(a, 3)).values(sealed_at=LATER),), Fault.CHANGED),
    "event removed": (lambda a, _: (sa.delete(event).where(one_of(a, 3)),), Fault.EVENTS_MISSING),
    "events removed": (lambda a, _: (sa.delete(event).where(batch_of(a, 3)),), Fault.EVENTS_MISSING),
    "event unsealed": (lambda a, _: (sa.update(event).where(one_of(a, 3)).values(batch=None),), Fault.EVENTS_MISSING),
    "seal removed": (lambda a, _: (sa.delete(seal).where(seal_of(a, 3)),), Fault.BATCH_MISSING),
    "batch removed": (
        lambda a, _: (sa.delete(seal).where(seal_of(a, 3)), sa.delete(event).where(batch_of(a, 3))),
        Fault.BATCH_MISSING,
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_tampering_is_found_and_named(services: Services, organisations: tuple[str, str], what: str) -> None:
    """Any change to, or removal from, a batch in the middle is found, and the organisation and the batch are named."""
    first, second = organisations
    statements, fault = CHANGES[what]
    tamper(services, *statements(first, second))
    findings = found(services)
    assert (first, 3, fault) in findings
    assert {(organisation_id, batch) for organisation_id, batch, _ in findings} <= {(first, 3), ("", 0)}


def test_an_event_added_to_a_sealed_batch_is_found(services: Services, organisations: tuple[str, str]) -> None:
    """An event that is put into a batch after it was sealed is found."""
    first, _ = organisations
    forged = {"id": "x", "kind": Kind.SIGNED_IN.value, "at": NOW, "actor": "", "address": "", "browser": ""}
    tamper(services, sa.insert(event).values(**forged, organisation_id=first, detail={}, batch=3))
    assert found(services) == {(first, 3, Fault.EVENTS_ADDED)}


def test_an_added_batch_is_found(services: Services, organisations: tuple[str, str]) -> None:
    """Events in a batch that was never sealed are found."""
    first, _ = organisations
    forged = {"id": "x", "kind": Kind.SIGNED_IN.value, "at": LATER, "actor": "", "address": "", "browser": ""}
    tamper(services, sa.insert(event).values(**forged, organisation_id=first, detail={}, batch=6))
    assert (first, 6, Fault.EVENTS_ADDED) in found(services)


def test_an_event_added_with_an_old_date_is_found(services: Services, organisations: tuple[str, str]) -> None:
    """A forged event that is dated back, and then sealed like any other, is found by its date."""
    first, _ = organisations
    with services.store.writing() as unit:
        unit.log.write(an_event(organisation_id=first, at=NOW - timedelta(days=1)))
    seal_log(services, NOW + timedelta(minutes=10))
    assert found(services) == {(first, 6, Fault.BACKDATED)}


def test_exchanged_batches_are_found(services: Services, organisations: tuple[str, str]) -> None:
    """Two batches that change places, seals and all, are found."""
    first, _ = organisations
    renumber = sa.case({2: 93, 3: 92}, value=seal.c.number)
    rebatch = sa.case({2: 93, 3: 92}, value=event.c.batch)
    back = (seal.c.number - 90, event.c.batch - 90)
    tamper(
        services,
        sa.update(seal).where(seal.c.organisation_id == first, seal.c.number.in_((2, 3))).values(number=renumber),
        sa.update(event).where(event.c.organisation_id == first, event.c.batch.in_((2, 3))).values(batch=rebatch),
        sa.update(seal).where(seal.c.number > 90).values(number=back[0]),
        sa.update(event).where(event.c.batch > 90).values(batch=back[1]),
    )
    findings = found(services)
    assert {(first, 2, Fault.CHANGED), (first, 3, Fault.CHANGED)} <= findings


def test_a_batch_moved_to_another_organisation_is_found(services: Services, organisations: tuple[str, str]) -> None:
    """The last batch of one organisation, put at the end of another's chain, is found in both."""
    first, second = organisations
    tamper(
        services,
        sa.update(seal).where(seal_of(first, 5)).values(organisation_id=second, number=6),
        sa.update(event).where(batch_of(first, 5)).values(organisation_id=second, batch=6),
    )
    assert found(services) == {
        (first, 5, Fault.BATCH_MISSING),
        (second, 6, Fault.CHANGED),
        (second, 6, Fault.HEAD_WRONG),
    }


def test_a_chain_that_was_cut_off_is_found(services: Services, organisations: tuple[str, str]) -> None:
    """Deleting the last batches, seals and events, is found; and nothing more is sealed on top of it."""
    first, _ = organisations
    tamper(
        services,
        sa.delete(seal).where(seal.c.organisation_id == first, seal.c.number > 3),
        sa.delete(event).where(event.c.organisation_id == first, event.c.batch > 3),
    )
    assert (first, 4, Fault.BATCH_MISSING) in found(services)
    write(services, first, at=LATER)
    with pytest.raises(SealingFailed):
        seal_log(services, LATER + timedelta(minutes=1))


def test_a_chain_that_was_cut_off_with_its_head_is_found(services: Services, organisations: tuple[str, str]) -> None:
    """Deleting the last batches and what was kept of the chain's end is found."""
    first, _ = organisations
    tamper(
        services,
        sa.delete(seal).where(seal.c.organisation_id == first, seal.c.number > 3),
        sa.delete(event).where(event.c.organisation_id == first, event.c.batch > 3),
        sa.delete(installation).where(installation.c.key == f"log head {first}"),
    )
    assert found(services) == {(first, 3, Fault.HEAD_WRONG), ("", 0, Fault.SUMMARY_WRONG)}


def test_a_chain_that_is_gone_without_a_trace_is_found(services: Services, organisations: tuple[str, str]) -> None:
    """Deleting all of one organisation's log, and its head, is found by the number of batches in all."""
    first, _ = organisations
    tamper(
        services,
        sa.delete(seal).where(seal.c.organisation_id == first),
        sa.delete(event).where(event.c.organisation_id == first),
        sa.delete(installation).where(installation.c.key == f"log head {first}"),
    )
    assert found(services) == {("", 0, Fault.SUMMARY_WRONG)}


def test_an_old_head_put_back_is_found(services: Services, organisations: tuple[str, str]) -> None:
    """A head of an earlier time, with the chain cut to fit it, is found by the number of batches in all."""
    first, _ = organisations
    assert isinstance(services.store, Database)
    key = f"log head {first}"
    with services.store.reading() as unit:
        old = unit.installation.read(key)
    write(services, first, at=LATER)
    seal_log(services, LATER + timedelta(minutes=10))
    tamper(
        services,
        sa.delete(seal).where(seal_of(first, 6)),
        sa.delete(event).where(batch_of(first, 6)),
        sa.update(installation).where(installation.c.key == key).values(value=old),
    )
    assert found(services) == {("", 0, Fault.SUMMARY_WRONG)}


def test_a_log_chained_anew_without_the_keys_is_found(
    services: Services, organisations: tuple[str, str], tmp_path: Path
) -> None:
    """Whoever makes all seals anew, but with keys of their own, is found at every batch."""
    forger = replace(services, vault=KeyVault.create(tmp_path / "forged"))
    tamper(
        services,
        sa.delete(seal),
        sa.update(event).values(batch=None),
        sa.delete(installation),
    )
    seal_log(forger, NOW + timedelta(minutes=10))
    findings = verify_log(services).findings
    assert all(Finding(organisation_id, 1, Fault.CHANGED) in findings for organisation_id in (*organisations, ""))
    assert verify_log(forger).is_sound


def test_what_a_name_is_changed_to_makes_no_difference(services: Services) -> None:
    """Names are looked up when the log is read, so that a new name, or an erased one, breaks no seal."""
    with services.store.writing() as unit:
        person = add_person(unit, name="Kari")
        unit.log.write(an_event(source=Source(person.id), person_id=person.id))
    seal_log(services, LATER)
    with services.store.writing() as unit:
        unit.people.set_name(person.id, "Ola")
    assert verify_log(services).is_sound


def test_sealers_on_several_nodes_take_turns(services: Services, url: str) -> None:
    """Eight sealers at once seal every event exactly once, in one unbroken chain."""
    from concurrent.futures import ThreadPoolExecutor

    with services.store.writing() as unit:
        organisation_id = add_organisation(unit).id
        for _ in range(100):
            unit.log.write(an_event(organisation_id=organisation_id))
    nodes = [Database.open(url) for _ in range(4)]
    try:
        with ThreadPoolExecutor(8) as pool:
            each = [replace(services, store=node) for node in itertools.islice(itertools.cycle(nodes), 8)]
            assert sum(pool.map(lambda node: seal_log(node, LATER), each)) == 100
    finally:
        for node in nodes:
            node.close()
    assert verify_log(services).is_sound
