"""What ends by the hand of a connection: its sessions, its unfinished sign-ins, its links; nothing of another one."""

from typing import Any

import pytest

from tests.storage.examples import a_signin, add_session, digest
from tests.storage.sso_examples import a_proof, add_connection, add_linked
from totrinn.app.ports import Unit
from totrinn.app.sso_records import SsoIdentity
from totrinn.storage import Database


def add_both(unit: Unit, identity: SsoIdentity, label: str, **vouched: Any) -> None:
    """A session and an unfinished sign-in through SSO, both under this label."""
    proof = a_proof(identity, **vouched)
    add_session(unit, identity.person_id, identity.organisation_id, label, proof=proof)
    signin = a_signin(identity.person_id, organisation_id=identity.organisation_id, proof=proof)
    unit.signins.add(digest(f"signin {label}"), signin)


def stand(unit: Unit, *labels: str) -> list[tuple[bool, bool]]:
    """Whether session and sign-in are still there, for each label."""
    return [
        (unit.sessions.find(digest(label)) is not None, unit.signins.find(digest(f"signin {label}")) is not None)
        for label in labels
    ]


@pytest.mark.row("R84")
def test_a_connection_ends_what_came_by_it(database: Database) -> None:
    """Sessions and sign-ins of its links end; those of another connection, and by password, do not."""
    with database.writing() as unit:
        connection, other = add_connection(unit), add_connection(unit)
        person, identity = add_linked(unit, connection)
        _, foreign = add_linked(unit, other)
        add_both(unit, identity, "a")
        add_both(unit, foreign, "b")
        add_session(unit, person.id, connection.organisation_id, "password")
        assert unit.connections.end_sessions(connection.id) == 1
        assert stand(unit, "a", "b") == [(False, False), (True, True)]
        assert unit.sessions.find(digest("password")) is not None


@pytest.mark.row("R85")
def test_a_connection_takes_its_evidence_back(database: Database) -> None:
    """From its own sessions and sign-ins, which go on; not from another connection's."""
    with database.writing() as unit:
        connection, other = add_connection(unit), add_connection(unit)
        for label, each in (("a", connection), ("b", other)):
            add_both(unit, add_linked(unit, each)[1], label, has_evidence=True)
        unit.connections.forget_evidence(connection.id)
        for label, has_evidence in (("a", False), ("b", True)):
            live, under_way = unit.sessions.find(digest(label)), unit.signins.find(digest(f"signin {label}"))
            assert live is not None
            assert under_way is not None
            proofs = (live.session.proof, under_way.signin.proof)
            assert [proof.sso and proof.sso.has_evidence for proof in proofs] == [has_evidence, has_evidence]


@pytest.mark.row("R78")
def test_a_connection_ends_its_links(database: Database) -> None:
    """Its subjects are strangers, and whoever had nothing else counts as missing; another one's id ends none."""
    with database.writing() as unit:
        connection, other = add_connection(unit), add_connection(unit)
        person, identity = add_linked(unit, connection)
        where = connection.organisation_id
        unit.connections.end_links(other.organisation_id, connection.id)
        assert unit.identities.find(connection.id, identity.subject) is not None
        assert unit.members.counts(where).sso == 1
        unit.connections.end_links(where, connection.id)
        assert unit.identities.of_person(person.id) == ()
        assert (unit.members.counts(where).sso, unit.members.counts(where).missing) == (0, 1)
        assert unit.connections.hold(connection.id) == connection


@pytest.mark.row("R87")
def test_a_provider_ends_the_sign_ins_that_it_means(database: Database) -> None:
    """By link, by its own name for the session, or by both; without either nothing, and nothing of another one."""
    with database.writing() as unit:
        connection, other = add_connection(unit), add_connection(unit)
        _, one = add_linked(unit, connection)
        _, two = add_linked(unit, connection)
        for label, identity, name in (("a", one, "s1"), ("b", one, "s2"), ("c", two, "s3")):
            add_both(unit, identity, label, session=name)
        assert unit.signins.end_of_provider(None, (), connection.id) == 0
        assert unit.signins.end_of_provider(one.id, ("s1",), other.id) == 0
        assert unit.signins.end_of_provider(one.id, ("s1", "s3"), connection.id) == 1
        assert unit.signins.end_of_provider(None, ("s3",), connection.id) == 1
        assert unit.signins.end_of_provider(one.id, (), connection.id) == 1
        assert stand(unit, "a", "b", "c") == [(True, False)] * 3


def test_sign_ins_end_in_one_organisation_only(database: Database) -> None:
    """Those to another organisation, and those that have not chosen yet, go on."""
    with database.writing() as unit:
        person, identity = add_linked(unit, add_connection(unit))
        there, elsewhere = identity.organisation_id, add_connection(unit).organisation_id
        for label, organisation_id in (("there", there), ("elsewhere", elsewhere), ("nowhere", None)):
            unit.signins.add(digest(label), a_signin(person.id, organisation_id=organisation_id))
        assert unit.signins.end_of_person(person.id, organisation_id=there) == 1
        found = [unit.signins.find(digest(label)) is not None for label in ("there", "elsewhere", "nowhere")]
        assert found == [False, True, True]


def test_a_connection_that_has_gone_is_not_held(database: Database) -> None:
    """Whoever comes back by it is told so within the transaction."""
    with database.writing() as unit:
        connection = add_connection(unit)
        assert unit.connections.remove(connection.organisation_id, connection.id)
        assert unit.connections.hold(connection.id) is None
