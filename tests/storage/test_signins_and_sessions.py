"""Unfinished sign-ins and sessions, each with the standing that it is judged by."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from tests.storage.examples import (
    NOW,
    PENDING,
    PROOF,
    a_confirmation,
    a_session,
    a_signin,
    add_member,
    add_organisation,
    add_person,
    add_session,
    an_authenticator,
    digest,
    new_id,
)
from totrinn.core.policy import Method, Proof, Requirement, SsoProof
from totrinn.core.roles import Role
from totrinn.core.signin import State
from totrinn.storage import Database
from totrinn.storage.unit_of_work import SqlUnit

LATER = NOW + timedelta(minutes=1)
SSO = Proof(
    Method.SSO,
    NOW,
    None,
    SsoProof("an organisation", "a link", True, NOW - timedelta(hours=1), "their\\session\n", NOW + timedelta(hours=8)),
)


def test_a_signin_comes_back_unchanged(database: Database) -> None:
    """Every field is kept, with the standing as it is now; an expired one is found, too."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id)
        full = a_signin(
            person.id, organisation_id=organisation.id, proof=SSO, pending=PENDING, amr=("pwd", "otp"),
            state=State.ENROLLING, expires_at=NOW - timedelta(days=1),
        )  # fmt: skip
        bare = a_signin(person.id, amr=())
        unit.signins.add(digest("full"), full)
        unit.signins.add(digest("bare"), bare)
    with database.reading() as unit:
        found, without = unit.signins.find(digest("full")), unit.signins.find(digest("bare"))
        assert unit.signins.find(digest("other")) is None
        assert found is not None
        assert without is not None
        assert (found.signin, found.standing) == (full, unit.people.standing(person.id, organisation.id))
        assert (without.signin, without.standing) == (bare, unit.people.standing(person.id, None))


@pytest.mark.row("R40", "R53")
def test_a_signin_moves_only_from_where_it_is_expected(database: Database) -> None:
    """A step from another state changes nothing; a step that succeeds brings a new cookie, and the old one is dead."""
    with database.writing() as unit:
        organisation, person = add_organisation(unit), add_person(unit)
        signin = a_signin(person.id, state=State.VERIFYING)
        unit.signins.add(digest("old"), signin)

        def move(expected_state: State) -> bool:
            return unit.signins.move(
                signin.id, digest("new"), expected_state=expected_state, state=State.CHOOSING, proof=SSO,
                amr=("hwk",), organisation_id=organisation.id,
            )  # fmt: skip

        assert not move(State.MUST_ENROL)
        assert move(State.VERIFYING)
        assert not move(State.VERIFYING)
        moved = unit.signins.find(digest("new"))
        assert moved is not None
        assert moved.signin == replace(
            signin, state=State.CHOOSING, proof=SSO, amr=("hwk",), organisation_id=organisation.id
        )
        assert unit.signins.find(digest("old")) is None


def test_a_pending_secret_comes_and_goes_with_its_state(database: Database) -> None:
    """The pending secret of a sign-in is kept and forgotten together with the state."""
    with database.writing() as unit:
        signin = a_signin(add_person(unit).id, state=State.MUST_ENROL)
        unit.signins.add(digest("a"), signin)
        unit.signins.set_pending(signin.id, PENDING, State.ENROLLING)
        found = unit.signins.find(digest("a"))
        assert found is not None
        assert found.signin == replace(signin, pending=PENDING, state=State.ENROLLING)
        unit.signins.set_pending(signin.id, None, State.MUST_ENROL)
        again = unit.signins.find(digest("a"))
        assert again is not None
        assert again.signin == signin


@pytest.mark.row("R57", "R58")
def test_signins_end(database: Database) -> None:
    """One is taken once; all of a person's end together, and nobody else's."""
    with database.writing() as unit:
        person, other = add_person(unit), add_person(unit)
        signins = [a_signin(each.id) for each in (person, person, person, other)]
        for signin in signins:
            unit.signins.add(digest(signin.id), signin)
        assert unit.signins.take(signins[0].id)
        assert not unit.signins.take(signins[0].id)
        assert unit.signins.end_of_person(person.id) == 2
        assert unit.signins.find(digest(signins[3].id)) is not None


def test_a_session_comes_back_unchanged(database: Database) -> None:
    """Every field is kept, by cookie and by id, with the standing as it is now."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id, role=Role.GLOBAL_ADMINISTRATOR)
        full = add_session(unit, person.id, organisation.id, "full", proof=SSO, pending=PENDING)
        bare = add_session(unit, person.id, organisation.id, "bare", amr=(), browser="", address="")
    with database.reading() as unit:
        found, by_id = unit.sessions.find(digest("full")), unit.sessions.find_by_id(full.id)
        without = unit.sessions.find(digest("bare"))
        assert found is not None
        assert without is not None
        assert found == by_id
        assert (found.session, without.session) == (full, bare)
        assert found.standing == unit.people.standing(person.id, organisation.id)
        assert unit.sessions.find(digest("other")) is None
        assert unit.sessions.find_by_id("other") is None


@pytest.mark.row("R41", "R49")
def test_a_session_stands_as_its_person_and_organisation_do_now(database: Database) -> None:
    """Requirement, role, factor, password and disabling are those of this moment, not of the sign-in."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id)
        add_session(unit, person.id, organisation.id, "a")
        unit.organisations.take_requirement(organisation.id, Requirement(since=NOW), by=None, expected_revision=1)
        unit.factors.add(an_authenticator(person.id))
        unit.people.set_active(person.id, is_active=False)
        unit.members.remove(organisation.id, person.id)
        live = unit.sessions.find(digest("a"))
    assert live is not None
    standing = live.standing
    assert standing.organisation is not None
    assert standing.organisation.policy.requirement == Requirement(since=NOW)
    assert (standing.role, standing.membership_count) == (None, 0)
    assert (standing.has_factor, standing.person.is_active, standing.person.version) == (True, False, 2)


@pytest.mark.parametrize("what", ["session", "sign-in"])
def test_all_that_the_verdict_rests_on_is_read_in_one_statement(database: Database, what: str) -> None:
    """Finding a session, or a sign-in, with its standing costs one statement."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id, has_factor=True)
        add_session(unit, person.id, organisation.id, "a")
        unit.signins.add(digest("a"), a_signin(person.id, organisation_id=organisation.id))
    with database.reading() as unit:
        assert isinstance(unit, SqlUnit)
        with statements_of(unit) as statements:
            found = unit.sessions.find(digest("a")) if what == "session" else unit.signins.find(digest("a"))
    assert found is not None
    assert len(statements) == 1


@contextmanager
def statements_of(unit: SqlUnit) -> Iterator[list[str]]:
    """What is said to the database meanwhile, as the database (SQLite) or SQLAlchemy (PostgreSQL) hears it."""
    heard: list[str] = []
    connection = unit._connection
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        driver.set_trace_callback(heard.append)
        yield heard
        driver.set_trace_callback(None)
    else:
        event.listen(connection, "before_cursor_execute", lambda _1, _2, statement, *_: heard.append(statement))
        yield heard


@pytest.mark.row("R53")
def test_a_renewed_session_leaves_its_old_cookie_and_id_behind(database: Database) -> None:
    """The new cookie and id work, the old ones do not; a session is renewed once."""
    with database.writing() as unit:
        old, new = add_organisation(unit), add_organisation(unit)
        person = add_member(unit, old.id)
        session = add_session(unit, person.id, old.id, "old")

        def renew() -> bool:
            return unit.sessions.renew(
                session.id, digest("new"), new_id="new id", proof=SSO, amr=("fed",), person_version=5,
                organisation_id=new.id,
            )  # fmt: skip

        assert renew()
        assert not renew()
        assert unit.sessions.find(digest("old")) is None
        assert unit.sessions.find_by_id(session.id) is None
        renewed = unit.sessions.find(digest("new"))
    assert renewed is not None
    assert renewed.session == replace(
        session, id="new id", proof=SSO, amr=("fed",), person_version=5, organisation_id=new.id
    )


def test_a_confirmation_follows_its_session(database: Database) -> None:
    """Proving oneself again in the middle of a confirmation keeps it; the end of the session ends it."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id)
        session = add_session(unit, person.id, organisation.id, "old")
        unit.confirmations.add(digest("c"), a_confirmation(session))
        unit.sessions.renew(
            session.id, digest("new"), new_id="new id", proof=PROOF, amr=("pwd",), person_version=1,
            organisation_id=organisation.id,
        )  # fmt: skip
        found = unit.confirmations.find(digest("c"))
        assert found == a_confirmation(session, session_id="new id")
        unit.sessions.take("new id")
        assert unit.confirmations.find(digest("c")) is None


def test_sessions_remember_when_they_were_used(database: Database) -> None:
    """A person's sessions come with the last used first, and are counted by organisation."""
    with database.writing() as unit:
        here, there = add_organisation(unit), add_organisation(unit)
        person = add_member(unit, here.id)
        first = add_session(unit, person.id, here.id, "1")
        second = add_session(unit, person.id, here.id, "2", last_seen=NOW + timedelta(seconds=1))
        third = add_session(unit, person.id, there.id, "3", last_seen=NOW + timedelta(seconds=2))
        add_session(unit, add_person(unit).id, here.id, "4")
        unit.sessions.seen(first.id, LATER, unless_since=NOW)
        unit.sessions.seen(first.id, LATER + timedelta(seconds=5), unless_since=NOW)
        unit.sessions.set_pending(second.id, PENDING)
        found = [live.session for live in unit.sessions.of_person(person.id)]
        assert found == [replace(first, last_seen=LATER), third, replace(second, pending=PENDING)]
        assert unit.sessions.count(here.id, person.id) == 2
        assert unit.sessions.count("none", person.id) == 0


@pytest.mark.row("R57", "R59")
def test_sessions_end(database: Database) -> None:
    """One by one, all of a person's, all but one, all in one organisation; never anybody else's."""
    with database.writing() as unit:
        here, there = add_organisation(unit), add_organisation(unit)
        person, other = add_person(unit), add_person(unit)

        def add_four() -> list[str]:
            places = ((person, here), (person, here), (person, there), (other, here))
            sessions = [a_session(who.id, where.id) for who, where in places]
            for session in sessions:
                unit.sessions.add(digest(new_id()), session)
            return [session.id for session in sessions]

        mine, kept, away, others = add_four()
        assert unit.sessions.end_of_person(person.id, keep=kept, organisation_id=here.id) == 1
        assert unit.sessions.find_by_id(mine) is None
        assert unit.sessions.end_of_person(person.id, keep=kept) == 1
        assert unit.sessions.find_by_id(away) is None
        assert not unit.sessions.end_one(others, person.id)
        assert unit.sessions.end_one(kept, person.id)
        assert not unit.sessions.take(kept)
        add_four()
        assert unit.sessions.end_of_person(person.id) == 3
        assert len(unit.sessions.of_person(other.id)) == 2
        assert unit.sessions.take(others)
