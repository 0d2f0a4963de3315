"""Housekeeping deletes what nobody can use any more, and nothing else."""

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.cli.commands import PASSWORD
from tests.cli.conftest import House
from tests.storage.examples import NOW as EXAMPLE_NOW
from tests.storage.examples import a_session, digest
from tests.storage.granted import ASKED, add_application, add_authorisation, add_grant
from tests.storage.sso_examples import a_proof, add_connection, add_linked, an_attempt
from totrinn.app.applications.grant_records import Channel, StoredRequest, Told
from totrinn.app.applications.records import Application
from totrinn.app.landing import Admitted, Visitor
from totrinn.app.operating import issue_setup_link
from totrinn.app.ports import Unit
from totrinn.app.signing_in import sign_in
from totrinn.app.sso_records import Connection, SsoIdentity
from totrinn.bootstrap import Installation, open_installation
from totrinn.config import read_settings
from totrinn.core.events import Source
from totrinn.serving.housekeeping import DAYS_OF_USE, LEASE, LEASE_LASTS, Housekeeper, delete_expired, keep_house

KARI = "kari@fjordly.example"
NOW = datetime.now(UTC)


def visitor(at: datetime) -> Visitor:
    """Somebody at this time."""
    return Visitor(now=at, address="192.0.2.1", browser="Firefox")


@pytest.fixture
def installation(fjordly: House) -> Iterator[Installation]:
    """One customer with one user."""
    words = ("user", "create", KARI, "--organisation", "fjordly", "--role", "user", "--password-stdin")
    fjordly.done(*words, typed=PASSWORD + "\n")
    with open_installation(read_settings({}, data=fjordly.data)) as opened:
        yield opened


def test_what_is_in_use_stays(installation: Installation) -> None:
    """A session, a link and a counter of failures outlive a round of housekeeping."""
    services = installation.services
    landed = sign_in(services, visitor(NOW), email=KARI, password=PASSWORD)
    sign_in(services, visitor(NOW), email=KARI, password="wrong")
    link = issue_setup_link(services, visitor(NOW), Source("operator:test"), "fjordly")
    assert isinstance(landed, Admitted)
    assert delete_expired(installation, NOW + timedelta(minutes=5)) == 0
    with services.store.reading() as unit:
        assert unit.sessions.find(services.digest(landed.token))
        assert unit.links.find(services.digest(link.token))


def test_what_is_over_goes(installation: Installation) -> None:
    """Sessions, links and failures of a network address go when they no longer mean anything."""
    services = installation.services
    landed = sign_in(services, visitor(NOW), email=KARI, password=PASSWORD)
    sign_in(services, visitor(NOW), email=KARI, password="wrong")
    issue_setup_link(services, visitor(NOW), Source("operator:test"), "vendor")  # in place of the one that `init` made
    assert isinstance(landed, Admitted)
    assert delete_expired(installation, NOW + timedelta(hours=13)) == 3
    assert delete_expired(installation, NOW + timedelta(days=401)) == 1  # the browser that once signed in
    with services.store.reading() as unit:
        assert unit.sessions.find(services.digest(landed.token)) is None


def add_sso(installation: Installation) -> tuple[SsoIdentity, Connection]:
    """A sign-in at a provider, a spent token, a session that its provider ends soon, and a sign-in counted."""
    with installation.services.store.writing() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
        assert organisation is not None
        connection = add_connection(unit, organisation.id)
        person, identity = add_linked(unit, connection)
        attempt = an_attempt(connection.id, created_at=NOW, expires_at=NOW + timedelta(minutes=10))
        unit.attempts.add(b"attempt", attempt)
        assert unit.spent.take(connection.id, "token", NOW + timedelta(minutes=10))
        for name, ends_at in (("theirs", NOW + timedelta(minutes=20)), ("ours", None)):
            proof = a_proof(identity, ends_at=ends_at)
            at = {"created_at": NOW, "last_seen": NOW, "proof": proof}
            unit.sessions.add(name.encode(), a_session(person.id, organisation.id, **at))
        unit.connections.count_use(connection.id, NOW.date(), has_evidence=True)
    return identity, connection


def test_what_is_over_of_sso_goes(installation: Installation) -> None:
    """Each in its time, and none before: what is spent stays so as long as it might be accepted."""
    identity, connection = add_sso(installation)
    services, where = installation.services, connection.organisation_id
    assert delete_expired(installation, NOW + timedelta(minutes=10)) == 0
    assert delete_expired(installation, NOW + timedelta(minutes=11)) == 2
    with services.store.writing() as unit:
        assert unit.attempts.find(b"attempt") is None
        assert unit.spent.take(connection.id, "token", NOW)
        assert len(unit.sessions.of_person(identity.person_id)) == 2
    assert delete_expired(installation, NOW + timedelta(minutes=21)) == 2
    with services.store.reading() as unit:
        assert unit.sessions.find(b"theirs") is None
        assert unit.sessions.find(b"ours") is not None
    delete_expired(installation, NOW + timedelta(days=DAYS_OF_USE))
    with services.store.reading() as unit:
        assert len(unit.connections.uses(where, NOW.date())) == 1
    assert delete_expired(installation, NOW + timedelta(days=DAYS_OF_USE + 1)) == 1
    with services.store.reading() as unit:
        assert unit.connections.uses(where, NOW.date()) == ()
        assert unit.identities.find(connection.id, identity.subject) == identity


@pytest.mark.row("R13")
def test_counters_of_failures_are_never_tidied_away(installation: Installation) -> None:
    """Only a success ends a row of failures, however long it takes."""
    services = installation.services
    for _ in range(5):
        sign_in(services, visitor(NOW), email=KARI, password="wrong")
    key = f"password:{services.vault.digest(KARI, 'throttle').hex()}"
    delete_expired(installation, NOW + timedelta(days=1000))
    with services.store.reading() as unit:
        assert unit.throttles.read(key).failures == 5


def test_many_rows_go_a_few_at_a_time(installation: Installation) -> None:
    """Whatever the number, all of it goes."""
    delete_expired(installation, NOW + timedelta(days=1))
    with installation.services.store.writing() as unit:
        for number in range(1100):
            unit.throttles.add_address_failure(f"192.0.2.{number}", "account", NOW)
    assert delete_expired(installation, NOW + timedelta(days=1)) == 1100


def test_a_failure_is_logged_and_the_rest_is_done(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing that goes wrong here ends the serving."""
    monkeypatch.setattr("totrinn.serving.housekeeping.seal_log", lambda *_: 1 / 0)
    keep_house(installation, NOW)
    assert "seal failed" in caplog.text


def test_the_housekeeper_works_until_it_is_told_to_stop(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounds follow one another, and stop ends them."""
    rounds: list[datetime] = []
    monkeypatch.setattr("totrinn.serving.housekeeping.keep_house", lambda _, now, **__: rounds.append(now))
    housekeeper = Housekeeper(installation, interval=0.01)
    housekeeper.start()
    last = time.monotonic() + 10
    while len(rounds) < 3 and time.monotonic() < last:
        time.sleep(0.01)
    housekeeper.stop()
    assert len(rounds) >= 3


class Counting:
    """In place of the sealing: who seals, and how often."""

    def __init__(self) -> None:
        self.rounds: list[str] = []

    def __call__(self, *_: object) -> int:
        self.rounds.append(threading.current_thread().name)
        return 0

    def wait_for(self, number: int) -> None:
        """Until there were so many rounds more."""
        wanted, last = len(self.rounds) + number, time.monotonic() + 20
        while len(self.rounds) < wanted:
            assert time.monotonic() < last
            time.sleep(0.01)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """Rounds are counted, and nothing is sealed."""
    counting = Counting()
    monkeypatch.setattr("totrinn.serving.housekeeping.seal_log", counting)
    return counting


def named(installation: Installation, name: str) -> Housekeeper:
    """A housekeeper, known by the name of its thread."""
    housekeeper = Housekeeper(installation, interval=0.02)
    housekeeper._thread.name = name
    housekeeper.start()
    return housekeeper


def test_one_of_many_keeps_the_house(installation: Installation, counting: Counting) -> None:
    """Of three, as on three nodes, one does all the rounds; when it ends in good order, another goes on at once."""
    housekeepers = {name: named(installation, name) for name in ("first", "second", "third")}
    counting.wait_for(5)
    one, *others = set(counting.rounds)
    assert others == []
    housekeepers.pop(one).stop()
    counting.rounds.clear()
    counting.wait_for(5)
    assert len(set(counting.rounds)) == 1
    assert one not in counting.rounds
    for housekeeper in housekeepers.values():
        housekeeper.stop()


def test_who_is_not_heard_of_is_succeeded(installation: Installation, counting: Counting) -> None:
    """A lease that has run out, as its holder's machine has, is taken by whoever asks next."""
    with installation.services.store.writing() as unit:
        assert unit.installation.take_lease(LEASE, "gone", NOW - LEASE_LASTS - timedelta(seconds=1), LEASE_LASTS)
    housekeeper = named(installation, "next")
    counting.wait_for(1)
    housekeeper.stop()
    with installation.services.store.reading() as unit:
        assert unit.installation.read(LEASE) is None


def test_while_another_holds_the_lease_nothing_is_done(installation: Installation, counting: Counting) -> None:
    """Neither sealing nor deleting, whatever there is to do; and the other's lease stays theirs."""
    with installation.services.store.writing() as unit:
        assert unit.installation.take_lease(LEASE, "another", datetime.now(UTC), timedelta(hours=1))
    housekeeper = named(installation, "idle")
    time.sleep(0.3)
    housekeeper.stop()
    assert counting.rounds == []
    with installation.services.store.reading() as unit:
        assert str(unit.installation.read(LEASE)).endswith(" another")


@pytest.mark.row("R36")
def test_a_clock_that_was_set_deletes_and_seals_nothing(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    """What is over, and what came first, would be judged by a wrong time; it is said how far it is off."""
    issue_setup_link(installation.services, visitor(NOW), Source("operator:test"), "fjordly")
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=3), tick=True):
        keep_house(installation, datetime.now(UTC))
    with installation.services.store.reading() as unit:
        assert unit.log.unsealed(before=NOW + timedelta(hours=3), limit=1)
    assert len(caplog.records) == 1
    assert re.fullmatch(r"the clock is 10(799|80\d) s fast", caplog.records[0].message)


def _untold(unit: Unit, application: Application) -> tuple[Told, ...]:
    return unit.grants.untold(application.id, Channel.LOGOUT, EXAMPLE_NOW + timedelta(minutes=1), limit=9)


def test_what_applications_were_given_goes_when_it_is_worth_nothing(installation: Installation) -> None:
    """Requests, codes that nobody used, tokens and grants; a code that was used stays, as it must not come again."""
    with installation.services.store.writing() as unit:
        silent = add_application(unit, back_channel="")
        (ended, _), (live, _) = add_grant(unit, silent), add_grant(unit, silent)
        told, _ = add_grant(unit, add_application(unit))
        both = add_application(unit, events="https://app.example.no/events")
        (half, _), (waiting, _) = add_grant(unit, both), add_grant(unit, both)
        for each in (ended, told, half, waiting):
            assert unit.grants.end(each.id)
        (first,) = [each for each in _untold(unit, both) if each.grant_id == half.id]
        unit.grants.done(first)
        eventless = replace(both, agreement=replace(both.agreement, events=""))
        assert unit.applications.save(eventless, expected_revision=both.revision)
        used = add_authorisation(unit, live, "used")
        add_authorisation(unit, live, "unused")
        assert unit.authorisations.use(used.id, EXAMPLE_NOW)
        unit.authorisations.add_access(b"a" * 32, used.id, ("openid",), now=EXAMPLE_NOW, expires_at=EXAMPLE_NOW)
        unit.authorisations.add_refresh(b"r" * 32, used.id, EXAMPLE_NOW)
        unit.requests.add(b"q" * 32, StoredRequest(replace(ASKED, application_id=silent.id), EXAMPLE_NOW, EXAMPLE_NOW))
        assert unit.requests.mark(b"m" * 32, EXAMPLE_NOW)
        assert unit.assertions.take(silent.id, "jti", EXAMPLE_NOW)
    delete_expired(installation, EXAMPLE_NOW + timedelta(minutes=5))
    with installation.services.store.reading() as unit:
        assert unit.grants.find(ended.id) is None
        assert unit.grants.find(told.id) is not None
        assert unit.grants.find(half.id) is None
        assert unit.grants.find(waiting.id) is not None
        assert unit.authorisations.find(digest("used")) is not None
        assert unit.authorisations.find(digest("unused")) is None
        assert unit.authorisations.find_access(b"a" * 32) is None
        assert unit.authorisations.find_refresh(b"r" * 32) is not None
        assert unit.requests.find(b"q" * 32) is None
        assert not unit.requests.is_marked(b"m" * 32)
    with installation.services.store.writing() as unit:
        assert unit.assertions.take(silent.id, "jti", EXAMPLE_NOW)
