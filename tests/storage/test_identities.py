"""Links between providers' subjects and persons."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.storage.examples import NOW, add_member, add_organisation, new_id
from tests.storage.sso_examples import (
    RULES,
    a_connection,
    add_connection,
    add_identity,
    add_linked,
    an_identity,
)
from totrinn.app.records import MemberCounts, MemberState
from totrinn.core.policy import ConnectionFacts
from totrinn.core.roles import Role
from totrinn.storage import Database

LATER = NOW + timedelta(hours=1)


@pytest.mark.row("R78")
def test_a_link_is_found_by_connection_and_subject(database: Database) -> None:
    """Every field is kept; the same subject at another connection is somebody else, or nobody."""
    with database.writing() as unit:
        connection = add_connection(unit)
        other = add_connection(unit, connection.organisation_id)
        person, identity = add_linked(unit, connection)
        assert unit.identities.find(connection.id, identity.subject) == identity
        assert unit.identities.find(other.id, identity.subject) is None
        assert unit.identities.find(connection.id, identity.subject + " ") is None
        second = add_identity(unit, other, person.id, subject=identity.subject, created_at=LATER)
        assert unit.identities.of_person(person.id) == (identity, second)
        unit.identities.used(identity.id, LATER)
        assert unit.identities.find(connection.id, identity.subject) == replace(identity, used_at=LATER)


@pytest.mark.row("R78")
def test_subjects_are_told_apart_to_the_last_sign(database: Database) -> None:
    """Letter case, spaces, control characters, ways of composing a letter, and backslashes make another subject."""
    subjects = [
        "kari",
        "Kari",
        "kari ",
        "k\u00e5ri",
        "ka\u030ari",
        "kari\0",
        "kari\n",
        "kari\\n",
        "kari\u202e",
        "\udc80",
    ]
    with database.writing() as unit:
        connection = add_connection(unit)
        links = [add_linked(unit, connection, email=f"{at}@x.no")[0] for at in range(len(subjects))]
        for person, subject in zip(links, subjects, strict=True):
            add_identity(unit, connection, person.id, subject=subject)
        for person, subject in zip(links, subjects, strict=True):
            found = unit.identities.find(connection.id, subject)
            assert found is not None
            assert (found.person_id, found.subject) == (person.id, subject)


@pytest.mark.row("R78")
def test_a_subject_is_linked_once(database: Database) -> None:
    """A second link of the same subject is refused, whoever it is for, and nobody counts differently."""
    with database.writing() as unit:
        connection = add_connection(unit)
        person, identity = add_linked(unit, connection)
        other = add_member(unit, connection.organisation_id, password_hash=None)
        for who in (other, person):
            assert not unit.identities.add(an_identity(connection, who.id, subject=identity.subject))
        assert unit.identities.find(connection.id, identity.subject) == identity
        assert unit.members.counts(connection.organisation_id) == MemberCounts(missing=1, has=0, sso=1)


@pytest.mark.row("R46")
def test_a_link_belongs_to_its_connections_organisation(database: Database) -> None:
    """By another organisation's id, and by the id of a connection that is not there, nobody is linked or found."""
    with database.writing() as unit:
        connection, foreign = add_connection(unit), add_organisation(unit).id
        person, identity = add_linked(unit, connection)
        stranger = add_member(unit, foreign)
        assert not unit.identities.add(an_identity(connection, stranger.id, organisation_id=foreign))
        assert not unit.identities.add(an_identity(a_connection(foreign), stranger.id))
        assert unit.identities.of_person(person.id, foreign) == ()
        assert unit.identities.remove_of_person(foreign, person.id) == 0
        assert unit.identities.of_person(person.id, connection.organisation_id) == (identity,)
        assert unit.identities.with_password(foreign, limit=9, offset=0) == (0, ())


def test_a_persons_links_end_in_one_organisation(database: Database) -> None:
    """All of them there, and none elsewhere."""
    with database.writing() as unit:
        connection, elsewhere = add_connection(unit), add_connection(unit)
        person, _ = add_linked(unit, connection)
        add_identity(unit, connection, person.id)
        kept = add_identity(unit, elsewhere, person.id)
        _, others = add_linked(unit, connection)
        assert unit.identities.remove_of_person(connection.organisation_id, person.id) == 2
        assert unit.identities.remove_of_person(connection.organisation_id, person.id) == 0
        assert unit.identities.of_person(person.id) == (kept,)
        assert unit.identities.find(connection.id, others.subject) == others


@pytest.mark.row("R84")
def test_the_facts_are_those_of_now_and_of_this_person(database: Database) -> None:
    """They follow the connection; a link that has ended, or is another person's, has none."""
    with database.writing() as unit:
        connection = add_connection(unit)
        where = connection.organisation_id
        person, identity = add_linked(unit, connection)
        other, _ = add_linked(unit, connection)
        facts = unit.identities.facts
        assert facts(identity.id, person.id) == ConnectionFacts(is_enabled=True, demands_evidence=False)
        unit.connections.set_enabled(where, connection.id, is_enabled=False)
        unit.connections.save(replace(connection, rules=RULES), expected_revision=1)
        assert facts(identity.id, person.id) == ConnectionFacts(is_enabled=False, demands_evidence=True)
        assert facts(identity.id, other.id) is facts("none", person.id) is None
        unit.identities.remove_of_person(where, person.id)
        assert facts(identity.id, person.id) is None


def test_those_with_a_password_as_well_come_by_name(database: Database) -> None:
    """Linked, accepted, active, with a password; each once, however many links they have; a page at a time."""
    with database.writing() as unit:
        connection = add_connection(unit)
        other, where = add_connection(unit, connection.organisation_id), connection.organisation_id
        people = {name: add_linked(unit, connection, name=name, password_hash="hash")[0] for name in ("Ås", "Bø", "Al")}
        add_identity(unit, other, people["Bø"].id)
        add_linked(unit, connection, name="no password")
        add_linked(unit, connection, name="disabled", password_hash="hash", is_active=False)
        add_linked(unit, connection, name="invited", password_hash="hash", is_accepted=False)
        add_member(unit, where, name="not linked")
        elsewhere = add_member(unit, where, name="linked elsewhere")
        add_identity(unit, add_connection(unit), elsewhere.id)
        expected = tuple((people[name].id, name) for name in ("Al", "Bø", "Ås"))
        assert unit.identities.with_password(where, limit=9, offset=0) == (3, expected)
        assert unit.identities.with_password(where, limit=1, offset=1) == (3, expected[1:2])
        assert unit.identities.with_password(where, limit=0, offset=0) == (3, ())


@pytest.mark.row("R44", "R77")
def test_who_comes_by_sso_only_counts_so_in_that_organisation_alone(database: Database) -> None:
    """Linked, without password or factor: under the filter and in the numbers there; elsewhere they lack a factor."""
    with database.writing() as unit:
        connection, elsewhere = add_connection(unit), add_organisation(unit).id
        where = connection.organisation_id
        person, _ = add_linked(unit, connection, name="Linked")
        unit.members.add(new_id(), elsewhere, person.id, Role.USER, now=NOW, accepted_at=NOW)
        add_linked(unit, connection, name="With password", password_hash="hash")
        add_member(unit, where, name="No password yet", password_hash=None)
        both, _ = add_linked(unit, connection, name="With factor")
        assert unit.members.counts(where).sso == 2
        assert unit.members.counts(elsewhere) == MemberCounts(missing=1, has=0, sso=0)
        for filter_, names in (
            ("sso", ["Linked", "With factor"]),
            ("missing", ["No password yet", "With password"]),
            ("has", []),
        ):
            page = unit.members.page(where, query="", filter_=filter_, limit=9)
            assert [member.name for member in page.members] == names
            assert {member.state for member in page.members} <= {MemberState(filter_)}
        preview = unit.members.preview(where, person.id)
        assert (preview.missing, preview.has, preview.sso, preview.includes_me) == (2, 0, 2, False)
        assert unit.members.preview(elsewhere, person.id).includes_me
        unit.people.set_password(both.id, "hash", NOW)
        assert unit.members.counts(where) == MemberCounts(missing=3, has=0, sso=1)


@pytest.mark.row("R42")
def test_a_link_changes_the_fingerprint_only_with_those_who_lack_a_factor(database: Database) -> None:
    """One that takes somebody out of them, or puts them back, does; a second one, or one beside a password, not."""
    with database.writing() as unit:
        connection = add_connection(unit)
        where = connection.organisation_id
        first = add_member(unit, where, password_hash=None)
        with_password = add_member(unit, where)

        def fingerprint() -> str:
            return unit.members.preview(where, first.id).fingerprint

        before = fingerprint()
        add_identity(unit, connection, with_password.id)
        assert fingerprint() == before
        add_identity(unit, connection, first.id)
        linked = fingerprint()
        assert linked != before
        add_identity(unit, connection, first.id)
        unit.identities.used(an_identity(connection, first.id).id, LATER)
        assert fingerprint() == linked
        unit.identities.remove_of_person(where, first.id)
        assert fingerprint() == before
