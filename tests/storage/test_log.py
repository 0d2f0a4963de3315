"""The log: what was written can be read, and neither changed nor forged."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.storage.examples import NOW, add_member, add_organisation, add_person, an_event
from totrinn.app.ports import Unit
from totrinn.app.records import LoggedEvent
from totrinn.core.events import Kind, Source
from totrinn.core.policy import Reason
from totrinn.storage import Database, log_search
from totrinn.storage.tables import event, seal


def kinds(unit: Unit, organisation_id: str, kind: str = "", query: str = "") -> list[str]:
    """The kinds of the newest events."""
    if not query:
        return [each.kind for each in unit.log.of_organisation(organisation_id, kind=kind, before=None, limit=100)]
    found = unit.log.search(organisation_id, query=query, kind=kind, before=None, limit=100)
    assert found.go_on is None
    return [each.kind for each in found.events]


@pytest.mark.row("R92")
def test_an_event_is_read_with_the_names_that_it_mentions(database: Database) -> None:
    """Who, what, when, where and why come back, with the names of the two persons as they are now."""
    with database.writing() as unit:
        organisation, actor, about = add_organisation(unit), add_person(unit, name="Kari"), add_person(unit, name="Ola")
        source = Source(actor.id, "192.0.2.7", "Firefox")
        unit.log.write(
            an_event(
                kind=Kind.FACTOR_RESET, source=source, organisation_id=organisation.id, person_id=about.id,
                detail={"why": "mistet telefon – æøå", "reason": Reason.RESET},
            )
        )  # fmt: skip
        unit.log.write(an_event(source=Source("operator:root"), organisation_id=organisation.id))
        operator, reset = unit.log.of_organisation(organisation.id, kind="", before=None, limit=9)
    assert (reset.kind, reset.at, reset.actor, reset.actor_name) == (Kind.FACTOR_RESET, NOW, actor.id, "Kari")
    assert (reset.person_id, reset.person_name, reset.organisation_id) == (about.id, "Ola", organisation.id)
    assert (reset.address, reset.browser) == ("192.0.2.7", "Firefox")
    assert reset.detail == {"why": "mistet telefon – æøå", "reason": "reset"}
    assert (operator.actor_name, operator.person_name, operator.person_id) == ("operator:root", "", None)


def test_events_are_read_newest_first_in_pages(database: Database) -> None:
    """In the order in which they were written, also within one transaction; each page goes on where the last ended."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        for number in range(10):
            unit.log.write(an_event(organisation_id=organisation.id, detail={"number": str(number)}))
        unit.log.write(an_event(organisation_id=None))

        def page(before: str | None) -> tuple[list[str], str]:
            found = unit.log.of_organisation(organisation.id, kind="", before=before, limit=4)
            return [each.detail["number"] for each in found], found[-1].id

        first, last_of_first = page(None)
        second, last_of_second = page(last_of_first)
        third, _ = page(last_of_second)
    assert (first, second, third) == (["9", "8", "7", "6"], ["5", "4", "3", "2"], ["1", "0"])


@pytest.mark.row("R46")
def test_an_organisation_reads_its_own_log_only(database: Database) -> None:
    """Neither another organisation's events nor those of none are in it."""
    with database.writing() as unit:
        own, other = add_organisation(unit), add_organisation(unit)
        for organisation_id in (own.id, other.id, None):
            unit.log.write(an_event(organisation_id=organisation_id))
        found = unit.log.of_organisation(own.id, kind="", before=None, limit=9)
        assert [each.organisation_id for each in found] == [own.id]
        assert [each.organisation_id for each in unit.log.all(organisation_id=own.id)] == [own.id]


def test_the_log_is_filtered_and_searched(database: Database) -> None:
    """By a kind; by words of names and addresses, and by the beginning of network addresses."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        kari = add_member(unit, organisation.id, name="Kari Ødegård", email="k@example.no")
        ola = add_member(unit, organisation.id, name="Ola")
        by_kari, by_ola = Source(kari.id, "192.0.2.7"), Source(ola.id, "2001:db8::7")
        unit.log.write(an_event(kind=Kind.CODE_REFUSED, source=by_kari, organisation_id=organisation.id))
        unit.log.write(an_event(kind=Kind.SIGNED_IN, source=by_ola, organisation_id=organisation.id))
        unit.log.write(
            an_event(kind=Kind.FACTOR_RESET, source=by_ola, person_id=kari.id, organisation_id=organisation.id)
        )
        assert kinds(unit, organisation.id, Kind.SIGNED_IN) == [Kind.SIGNED_IN]
        assert kinds(unit, organisation.id, "signin") == []
        assert kinds(unit, organisation.id, query="ØDEGÅRD") == [Kind.FACTOR_RESET, Kind.CODE_REFUSED]
        assert kinds(unit, organisation.id, query="ola ødegård") == [Kind.FACTOR_RESET]
        assert kinds(unit, organisation.id, query="2001:DB8") == [Kind.FACTOR_RESET, Kind.SIGNED_IN]
        assert kinds(unit, organisation.id, Kind.SIGNED_IN, "ola") == [Kind.SIGNED_IN]
        assert kinds(unit, organisation.id, query="%") == []


def test_a_word_that_means_many_is_looked_for_among_the_newest(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks at so many events and no more; going on, it finds each of them once, the newest first."""
    monkeypatch.setattr(log_search, "LOOKED_AT", 10)
    with database.writing() as unit:
        organisation = add_organisation(unit)
        people = [add_member(unit, organisation.id, name=f"Ola {number:02}") for number in range(20)]
        other = add_member(unit, organisation.id, name="Kari Rik")
        for number in range(95):
            about = other if number % 5 else people[number % 20]
            source = Source(other.id, f"192.0.2.{number % 30}")
            unit.log.write(an_event(source=source, person_id=about.id, organisation_id=organisation.id))
        every = unit.log.of_organisation(organisation.id, kind="", before=None, limit=100)
        for query in ("ola", "ola kari", "rik ola 192.0.2", "ola 192.0.2.1", "rik", "192.0.2.7"):
            found: list[str] = []
            before = None
            while True:
                page = unit.log.search(organisation.id, query=query, kind="", before=before, limit=4)
                found += [each.id for each in page.events]
                before = page.go_on
                if before is None:
                    break
            expected = [each.id for each in every if all(fits(each, word) for word in query.split())]
            assert found == expected, query


@pytest.mark.row("R46")
def test_where_a_search_goes_on_tells_nothing_of_other_organisations(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is busy elsewhere is found here all the same, and no mark is the id, or the time, of an event there."""
    monkeypatch.setattr(log_search, "LOOKED_AT", 10)
    with database.writing() as unit:
        here, there = add_organisation(unit), add_organisation(unit)
        kari = add_member(unit, here.id, name="Kari Rik")
        for number in range(60):
            at, organisation = NOW + timedelta(seconds=number), here if number % 20 == 0 else there
            unit.log.write(an_event(person_id=kari.id, organisation_id=organisation.id, at=at))
        own = [each.id for each in unit.log.of_organisation(here.id, kind="", before=None, limit=9)]
        found: list[str] = []
        before = None
        while True:
            page = unit.log.search(here.id, query="kari", kind="", before=before, limit=4)
            found += [each.id for each in page.events]
            before = page.go_on
            if before is None:
                break
            assert before.removesuffix("~") in own
    assert found == own
    assert len(own) == 3


def fits(event: LoggedEvent, word: str) -> bool:
    """Whether the word begins one of the names or the address."""
    words = f"{event.actor_name} {event.person_name}".lower().split()
    return event.address.startswith(word) or any(each.startswith(word) for each in words)


def test_who_has_left_and_who_is_of_the_vendor_is_found(database: Database) -> None:
    """The log tells of both by name, and is searched by both, though neither is a member."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        vendor = add_organisation(unit, slug="vendor", is_vendor=True)
        leaver = add_member(unit, organisation.id, name="Lise Leverer")
        helper = add_member(unit, vendor.id, name="Vera Vendor")
        unit.log.write(an_event(person_id=leaver.id, organisation_id=organisation.id))
        unit.log.write(an_event(kind=Kind.FEATURE_GRANTED, source=Source(helper.id), organisation_id=organisation.id))
        unit.members.remove(organisation.id, leaver.id)
        assert kinds(unit, organisation.id, query="lise") == [Kind.SIGNED_IN]
        assert kinds(unit, organisation.id, query="vera") == [Kind.FEATURE_GRANTED]
        assert kinds(unit, vendor.id, query="lise") == kinds(unit, vendor.id, query="vera") == []


def test_a_person_reads_what_concerns_their_account(database: Database) -> None:
    """The newest first, over all organisations and none, and nobody else's."""
    with database.writing() as unit:
        person, organisation = add_person(unit), add_organisation(unit)
        for number, organisation_id in enumerate((organisation.id, None, None)):
            at = NOW + timedelta(seconds=number)
            unit.log.write(an_event(person_id=person.id, organisation_id=organisation_id, at=at))
        unit.log.write(an_event(person_id=add_person(unit).id))
        found = unit.log.of_person(person.id, limit=2)
    assert [each.at for each in found] == [NOW + timedelta(seconds=2), NOW + timedelta(seconds=1)]


def test_everything_can_be_exported(database: Database) -> None:
    """Every event, the oldest first, however many there are."""
    with database.writing() as unit:
        for number in range(1203):
            unit.log.write(an_event(at=NOW + timedelta(seconds=number)))
    with database.reading() as unit:
        times = [each.at for each in unit.log.all()]
    assert times == [NOW + timedelta(seconds=number) for number in range(1203)]


@pytest.mark.row("R92")
def test_what_strangers_send_forges_no_line(database: Database) -> None:
    """Line breaks, terminal sequences and other control characters do not reach the log, and long texts are cut."""
    evil = "a\r\nroot signed in\x1b[2J\x00\u2028\u202eb\ud800\x9b"
    with database.writing() as unit:
        organisation = add_organisation(unit)
        unit.log.write(
            an_event(
                source=Source(evil, evil, evil * 1000), organisation_id=organisation.id,
                detail={"name": evil, "long": "x" * 10_000},
            )
        )  # fmt: skip
        (found,) = unit.log.of_organisation(organisation.id, kind="", before=None, limit=9)
    texts = (found.actor, found.actor_name, found.address, found.browser, *found.detail.values())
    assert all(text.isprintable() and len(text) <= 500 for text in texts)
    assert found.address == "a  root signed in [2J   b  "


@pytest.mark.row("R92")
@pytest.mark.parametrize(
    "change",
    [
        sa.delete(event),
        sa.update(event).values(kind="x"),
        sa.update(event).values(detail={"amr": "x"}),
        sa.update(event).where(event.c.batch.is_not(None)).values(batch=2),
        sa.update(event).where(event.c.batch.is_not(None)).values(batch=None),
        sa.delete(seal),
        sa.update(seal).values(digest="x"),
    ],
    ids=str,
)
def test_the_database_itself_refuses_to_change_the_log(database: Database, change: sa.Executable) -> None:
    """Changing or deleting an event or a seal is refused, whoever asks; putting an event into a batch works once."""
    with database.writing() as unit:
        unit.log.write(an_event())
    with database.engines.writing.begin() as connection:
        connection.execute(sa.update(event).values(batch=1))
        sealed = {"organisation_id": "", "number": 1, "first_event": "", "last_event": "", "count": 1, "digest": ""}
        connection.execute(sa.insert(seal).values(**sealed, sealed_at=NOW))
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.engines.writing.begin() as connection:
        connection.execute(change)
