"""The checker can fail: what it is there to find is planted, and found."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.faults.checking import examine
from tests.faults.journal import About, Fact, Journal, Outcome, becomes
from tests.faults.people import STRICT, Member, Town, furnish
from totrinn.app.authenticators import store
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services
from totrinn.app.proving import totp_context
from totrinn.app.records import Authenticator, Session
from totrinn.bootstrap import Installation, open_installation
from totrinn.config import read_settings
from totrinn.core.events import Event, Kind, Source
from totrinn.core.policy import Method, Proof
from totrinn.storage import tables as t

_SECRET = b"s" * 20
_BASE32 = "ONZXG43TONZXG43TONZXG43TONZXG43T"
_TOKEN = "cookie"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Town, Journal]:
    """An installation with few people; the first of them has enrolled and is signed in, as the journal knows."""
    folder, journal = tmp_path_factory.mktemp("made") / "data", Journal()
    town = furnish(folder, journal, hands=1, each=1)
    with open_installation(read_settings({}, data=folder)) as installation:
        _enrol(installation.services, town, journal)
    return folder, town, journal


@pytest.fixture
def member(made: tuple[Path, Town, Journal], folder: Path) -> Member:
    """The first of them, in a copy of the installation."""
    shutil.copytree(made[0], folder)
    return made[1].people[0].members[0]


@pytest.fixture
def journal(made: tuple[Path, Town, Journal], member: Member) -> Journal:
    """What has been acknowledged so far."""
    journal = Journal()
    for fact, possible in made[2].facts().items():
        journal.begin(fact, next(iter(possible)))
    journal.sends(member.email, _BASE32, 7)
    journal.accept(member.email, _BASE32, 7)
    return journal


def _enrol(services: Services, town: Town, journal: Journal) -> None:
    member, now = town.people[0].members[0], datetime.now(UTC) - timedelta(seconds=10)
    visitor = Visitor(now, "", "")
    sealed = services.vault.seal(_SECRET, totp_context(member.id))
    id_ = services.random.id(now)
    with services.store.writing() as unit:
        person, strict = unit.people.find(member.id), unit.organisations.find_by_slug(STRICT)
        assert person is not None
        assert strict is not None
        authenticator = Authenticator(id_, member.id, "totp", sealed, 7, frozenset(), now, now)
        codes = store(services, unit, visitor, person, authenticator, organisation_id=strict.id)
        proof = Proof(Method.PASSWORD, now, now)
        session = Session(id_, member.id, strict.id, 1, proof, ("pwd", "otp", "mfa"), None, now, now, "", "")
        unit.sessions.add(services.digest(_TOKEN), session)
        unit.log.write(Event(Kind.SIGNED_IN, now, Source(member.id), strict.id, member.id, {"amr": "pwd otp mfa"}))
    journal.begin(member.fact(About.SECRET), _BASE32)
    journal.begin(member.fact(About.RECOVERY_CODE, codes[0]), True)
    journal.begin(member.session(_TOKEN), True)


def test_a_sound_installation_is_found_sound(journal: Journal, folder: Path) -> None:
    """Nothing is found where nothing is wrong."""
    assert examine(journal, read_settings({}, data=folder)) == []


def _tells(journal: Journal, folder: Path, plant: Callable[[Installation], object]) -> str:
    settings = read_settings({}, data=folder)
    assert examine(journal, settings) == []
    with open_installation(settings) as installation:
        plant(installation)
    return "\n".join(examine(journal, settings))


def _changing(statement: sa.UpdateBase) -> Callable[[Installation], object]:
    def plant(installation: Installation) -> None:
        with installation.database.engines.writing.begin() as connection:
            connection.execute(statement)

    return plant


_FAIL = sa.insert(t.throttle).from_select(
    ["key", "failures"], sa.select("factor:" + t.person.c.id, 1).where(t.person.c.email == "user0.0@fjordly.test")
)
_PLANTED = {
    "a lost session": (sa.delete(t.session), "session of user0.0@fjordly.test is False"),
    "a lost enrolment": (sa.delete(t.authenticator), "secret of user0.0@fjordly.test is ''"),
    "half an enrolment": (sa.delete(t.recovery_code), "without the recovery codes that belong to it"),
    "a code that can be used again": (sa.update(t.authenticator).values(last_step=6), "is not spent"),
    "a lost role": (sa.update(t.membership).values(role="administrator"), "role of"),
    "a lost requirement": (sa.update(t.organisation).values(required_since=None), "requirement of fjordly is False"),
    "a forgotten failure": (_FAIL, "failures of user0.0@fjordly.test is 1"),
    "a session by password alone": (sa.update(t.session).values(factor_at=None), "a session by password alone"),
    "a session without its event": (sa.update(t.session).values(factor_at=datetime.now(UTC)), "session without its"),
    "a factor without its event": (
        sa.update(t.authenticator).values(created_at=datetime.now(UTC)),
        "an authenticator without its event",
    ),
    "a wrong tally": (sa.update(t.tally).values(missing=t.tally.c.missing + 1), "the tally of"),
    "a torn chain": (sa.delete(t.installation).where(t.installation.c.key.startswith("log head")), "audit verify: "),
}


@pytest.mark.parametrize("what", _PLANTED)
def test_what_is_planted_is_found(what: str, journal: Journal, folder: Path) -> None:
    """Each loss, double and half state by itself."""
    statement, words = _PLANTED[what]
    assert words in _tells(journal, folder, _changing(statement))


def test_a_code_accepted_twice_is_found(journal: Journal, member: Member, folder: Path) -> None:
    """Whether two clients were told so, or one of them was told nothing and only the log knows."""

    def admit_again(installation: Installation) -> None:
        with installation.services.store.writing() as unit:
            event = Event(Kind.SIGNED_IN, datetime.now(UTC), Source(""), None, member.id, {"amr": "pwd otp mfa"})
            unit.log.write(event)

    assert "2 codes were accepted, 1 acknowledged, 1 different ones sent" in _tells(journal, folder, admit_again)
    journal.accept(member.email, _BASE32, 7)
    assert "was accepted twice" in "\n".join(journal.violations())


def test_an_act_that_was_not_answered_may_have_happened_or_not() -> None:
    """Both are possible then; one that was refused has not happened, and the next answer settles it."""
    journal, fact = Journal(), Fact(About.ROLE, "ola@fjordly.test")
    journal.begin(fact, "user")
    journal.settle(Outcome.REFUSED, {fact: becomes("administrator")})
    assert journal.possible(fact) == {"user"}
    journal.settle(Outcome.UNKNOWN, {fact: becomes("administrator")})
    assert journal.possible(fact) == {"user", "administrator"}
    journal.settle(Outcome.DONE, {fact: becomes("user")})
    assert journal.possible(fact) == {"user"}
