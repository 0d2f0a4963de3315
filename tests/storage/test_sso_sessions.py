"""Sessions and sign-ins through SSO: they are found with their connection as it is now, or without one."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.storage.examples import (
    NOW,
    a_signin,
    add_member,
    add_organisation,
    add_session,
    digest,
    new_id,
)
from tests.storage.sso_examples import RULES, a_proof, add_connection, add_identity, add_linked
from totrinn.app.ports import Unit
from totrinn.app.records import Session
from totrinn.app.sso_records import SsoIdentity
from totrinn.core.policy import ConnectionFacts, Method, Proof
from totrinn.storage import Database
from totrinn.storage.tables import session as table

ON = ConnectionFacts(is_enabled=True, demands_evidence=False)


def add_sso_session(unit: Unit, identity: SsoIdentity, label: str = "a", *, name: str = "") -> Session:
    """Stores a session through SSO."""
    proof = a_proof(identity, session=name)
    return add_session(unit, identity.person_id, identity.organisation_id, label, proof=proof)


def found(unit: Unit, session: Session, label: str = "a") -> ConnectionFacts | None:
    """The connection that the session is found with, each way that it can be found."""
    live = unit.sessions.find(digest(label))
    assert live is not None
    assert live == unit.sessions.find_by_id(session.id)
    assert live in unit.sessions.of_person(session.person_id)
    return live.connection


@pytest.mark.row("R84")
def test_a_session_is_found_with_its_connection_as_it_is_now(database: Database) -> None:
    """Switched off, demanding evidence, unlinked, removed: the very next look shows it."""
    with database.writing() as unit:
        connection = add_connection(unit)
        where = connection.organisation_id
        person, identity = add_linked(unit, connection)
        session = add_sso_session(unit, identity)
        assert found(unit, session) == ON
        unit.connections.set_enabled(where, connection.id, is_enabled=False)
        assert found(unit, session) == replace(ON, is_enabled=False)
        unit.connections.save(replace(connection, rules=RULES), expected_revision=1)
        assert found(unit, session) == ConnectionFacts(is_enabled=False, demands_evidence=True)
        unit.identities.remove_of_person(where, person.id)
        assert found(unit, session) is None
        add_identity(unit, connection, person.id, subject=identity.subject)
        assert found(unit, session) is None, "a new link is another one"
        again = add_sso_session(unit, add_identity(unit, connection, person.id), "b")
        assert found(unit, again, "b") is not None
        unit.connections.remove(where, connection.id)
        assert found(unit, again, "b") is None


@pytest.mark.row("R84")
def test_a_sign_in_is_found_with_its_connection_as_it_is_now(database: Database) -> None:
    """Midway as well."""
    with database.writing() as unit:
        connection = add_connection(unit)
        person, identity = add_linked(unit, connection)
        signin = a_signin(person.id, organisation_id=identity.organisation_id, proof=a_proof(identity))
        unit.signins.add(digest("a"), signin)
        password = a_signin(person.id, organisation_id=identity.organisation_id)
        unit.signins.add(digest("b"), password)
        assert [
            (opened.signin, opened.connection) for opened in map(unit.signins.find, map(digest, "ab")) if opened
        ] == [
            (signin, ON),
            (password, None),
        ]
        unit.connections.remove(connection.organisation_id, connection.id)
        opened = unit.signins.find(digest("a"))
        assert opened is not None
        assert (opened.signin, opened.connection) == (signin, None)


@pytest.mark.row("R77", "R84")
def test_a_link_of_another_person_or_organisation_gives_no_connection(database: Database) -> None:
    """Whatever a row of a session says: the link must be this person's, in the organisation that vouched."""
    with database.writing() as unit:
        connection, elsewhere = add_connection(unit), add_organisation(unit).id
        _, identity = add_linked(unit, connection)
        other = add_member(unit, connection.organisation_id)
        stolen = add_sso_session(unit, replace(identity, person_id=other.id), "a")
        assert found(unit, stolen) is None
        moved = add_sso_session(unit, replace(identity, organisation_id=elsewhere), "b")
        assert found(unit, moved, "b") is None


@pytest.mark.row("R77")
def test_a_session_by_password_has_no_connection(database: Database) -> None:
    """Nor does a link that its person has lend it one."""
    with database.writing() as unit:
        connection = add_connection(unit)
        person, identity = add_linked(unit, connection, password_hash="hash")
        session = add_session(unit, person.id, connection.organisation_id, "a")
        assert found(unit, session) is None
        odd = add_session(
            unit, person.id, connection.organisation_id, "b",
            proof=replace(a_proof(identity), method=Method.PASSWORD),
        )  # fmt: skip
        live = unit.sessions.find_by_id(odd.id)
        assert live is not None
        assert (live.session.proof, live.connection) == (Proof(Method.PASSWORD, NOW), None)


@pytest.mark.row("R77")
def test_what_is_missing_of_a_proof_vouches_for_nobody(database: Database) -> None:
    """A row that says SSO, but not by which link or for which organisation, is read as proof of nothing."""
    with database.writing() as unit:
        _, identity = add_linked(unit, add_connection(unit))
        for label in ("sso_identity", "sso_organisation"):
            add_sso_session(unit, identity, label)
    with database.engines.writing.begin() as plain:
        for label in ("sso_identity", "sso_organisation"):
            plain.execute(sa.update(table).where(table.c.digest == digest(label)).values({label: None}))
    with database.reading() as unit:
        for label in ("sso_identity", "sso_organisation"):
            live = unit.sessions.find(digest(label))
            assert live is not None
            assert (live.session.proof.sso, live.connection) == (None, None)


def test_a_renewed_session_changes_what_it_was_proven_by(database: Database) -> None:
    """From SSO to a password and back, nothing is left of the other."""
    with database.writing() as unit:
        person, identity = add_linked(unit, add_connection(unit))
        session = add_sso_session(unit, identity)
        for proof in (Proof(Method.PASSWORD, NOW), a_proof(identity, ends_at=NOW + timedelta(hours=1), session="s")):
            new = new_id()
            assert unit.sessions.renew(
                session.id, digest(new), new_id=new, proof=proof, amr=("pwd",), person_version=1,
                organisation_id=identity.organisation_id,
            )  # fmt: skip
            live = unit.sessions.find(digest(new))
            assert live is not None
            assert live.session.proof == proof
            assert (live.connection is None) is (proof.method is Method.PASSWORD)
            session = live.session
        assert [live.session for live in unit.sessions.of_person(person.id)] == [session]


def test_a_provider_ends_the_sessions_that_it_means(database: Database) -> None:
    """Those of a link, of its own sessions' names, or of both; none of another connection, none by password."""
    with database.writing() as unit:
        connection = add_connection(unit)
        other = add_connection(unit, connection.organisation_id)
        person, identity = add_linked(unit, connection)
        _, second = add_linked(unit, connection)
        elsewhere = add_identity(unit, other, person.id)
        sessions = {
            label: add_sso_session(unit, link, label, name=name).id
            for label, link, name in (
                ("a1", identity, "s1"), ("a2", identity, "s2\n"), ("a0", identity, ""), ("b1", second, "s1"),
                ("c1", elsewhere, "s1"),
            )
        }  # fmt: skip
        add_session(unit, person.id, connection.organisation_id, "password")

        def meant(identity_id: str | None, *names: str, connection_id: str = connection.id) -> set[str]:
            lives = unit.sessions.of_provider(identity_id, names, connection_id)
            assert all(live.connection == ON for live in lives)
            ids = {live.session.id for live in lives}
            return {label for label, session_id in sessions.items() if session_id in ids}

        assert meant(identity.id) == {"a1", "a2", "a0"}
        assert meant(identity.id, "s1") == {"a1"}
        assert meant(identity.id, "s1", "s2\n", "s3") == {"a1", "a2"}
        assert meant(None, "s1") == {"a1", "b1"}
        assert meant(None, "s1", connection_id=other.id) == {"c1"}
        assert meant(elsewhere.id) == meant(identity.id, "s2 ") == meant(identity.id, "") == meant(None, "") == set()
        assert meant(None) == meant("none") == meant(None, "s1", connection_id="none") == set()
