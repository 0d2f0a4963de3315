"""Connections: what is agreed with a provider, in which revision, and how often it is used."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.storage.examples import NOW, add_member, add_organisation, digest, new_id
from tests.storage.sso_examples import (
    OIDC,
    RULES,
    SAML,
    TEST,
    a_connection,
    add_connection,
    add_domain,
    add_identity,
    add_linked,
    an_attempt,
)
from totrinn.app.identity_providers import ProviderKind
from totrinn.app.records import MemberCounts
from totrinn.app.sso_records import SsoUse
from totrinn.storage import Database
from totrinn.storage.sso_json import UnreadableSettings
from totrinn.storage.sso_tables import connection as table
from totrinn.storage.sso_tables import sso_identity

DAY = date(2026, 11, 23)


def test_a_connection_comes_back_unchanged(database: Database) -> None:
    """Every field is kept, of both protocols, tried or not, with a secret or without."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        full = a_connection(organisation.id, name="Å\tb", rules=RULES, test=TEST, is_enabled=False, revision=4)
        saml = a_connection(
            organisation.id, kind=ProviderKind.SAML, settings=SAML, name="a", sealed_secret=None, sealed_key=b""
        )
        for each in (full, saml):
            unit.connections.add(each)
        add_connection(unit)
    full = replace(full, name="Å b")
    with database.reading() as unit:
        assert unit.connections.find(full.id) == full
        assert unit.connections.find(saml.id) == saml
        assert unit.connections.find("none") is None
        assert unit.connections.of_organisation(organisation.id) == (saml, full)
        assert unit.connections.of_organisation("none") == ()


def test_it_is_saved_at_the_expected_revision_only(database: Database) -> None:
    """The revision rises with each save; one that was begun before changes nothing."""
    with database.writing() as unit:
        connection = add_connection(unit, test=TEST)
        wanted = replace(
            connection, name="Ny", settings=replace(OIDC, client_id="other"), rules=RULES, sealed_secret=b"new",
            revision=77, is_enabled=False, test=None, sealed_key=b"other", created_at=NOW + timedelta(1),
        )  # fmt: skip
        assert not unit.connections.save(wanted, expected_revision=2)
        assert unit.connections.save(wanted, expected_revision=1)
        assert not unit.connections.save(wanted, expected_revision=1)
        saved = unit.connections.find(connection.id)
        assert saved == replace(
            connection, name="Ny", settings=wanted.settings, rules=RULES, sealed_secret=b"new", revision=2
        )
        assert saved is not None
        assert not saved.is_tested
        assert not unit.connections.save(replace(saved, kind=ProviderKind.SAML, settings=SAML), expected_revision=2), (
            "another protocol is another connection"
        )


def test_a_test_belongs_to_a_revision(database: Database) -> None:
    """It is remembered without raising the revision, and counts for the settings that were tried."""
    with database.writing() as unit:
        connection = add_connection(unit)
        passed = replace(TEST, revision=1, code="")
        unit.connections.set_test(connection.id, passed)
        tested = unit.connections.find(connection.id)
        assert tested == replace(connection, test=passed)
        assert tested is not None
        assert tested.is_tested
        unit.connections.save(tested, expected_revision=1)
        changed = unit.connections.find(connection.id)
        assert changed is not None
        assert (changed.test, changed.is_tested) == (passed, False)


@pytest.mark.row("R46")
def test_an_administrator_reaches_the_connections_of_their_organisation_only(database: Database) -> None:
    """With another organisation's id nothing is switched, saved or removed."""
    with database.writing() as unit:
        foreign = add_organisation(unit).id
        connection = add_connection(unit)
        unit.connections.set_enabled(foreign, connection.id, is_enabled=False)
        assert not unit.connections.save(replace(connection, organisation_id=foreign), expected_revision=1)
        assert not unit.connections.remove(foreign, connection.id)
        assert unit.connections.find(connection.id) == connection
        unit.connections.set_enabled(connection.organisation_id, connection.id, is_enabled=False)
        assert unit.connections.find(connection.id) == replace(connection, is_enabled=False)
        assert unit.connections.uses(foreign, DAY) == ()


@pytest.mark.row("R84")
def test_what_belongs_to_a_connection_goes_with_it(database: Database) -> None:
    """Links, sign-ins under way and numbers are gone; domains stay and lead nowhere; the others' are not touched."""
    with database.writing() as unit:
        connection = add_connection(unit)
        other = add_connection(unit, connection.organisation_id)
        where = connection.organisation_id
        person, identity = add_linked(unit, connection)
        _, kept = add_linked(unit, other)
        unit.attempts.add(digest("a"), an_attempt(connection.id))
        unit.attempts.add(digest("b"), an_attempt(other.id))
        unit.connections.count_use(connection.id, DAY, has_evidence=True)
        domain = add_domain(unit, where, connection_id=connection.id)
        elsewhere = add_domain(unit, where, name="b.example", connection_id=other.id)
        assert unit.spent.take(connection.id, "token", NOW)
        assert unit.connections.remove(where, connection.id)
        assert not unit.connections.remove(where, connection.id)
        assert unit.connections.of_organisation(where) == (other,)
        assert unit.identities.of_person(person.id) == ()
        assert unit.identities.facts(identity.id, person.id) is None
        assert unit.identities.find(other.id, kept.subject) == kept
        assert unit.attempts.find(digest("a")) is None
        assert unit.attempts.find(digest("b")) is not None
        assert unit.connections.uses(where, DAY) == ()
        assert unit.domains.of_organisation(where) == (elsewhere, replace(domain, connection_id=None))
        assert not unit.spent.take(connection.id, "token", NOW), "what is spent stays spent"


@pytest.mark.row("R44")
def test_the_members_are_counted_anew_when_a_connection_goes(database: Database) -> None:
    """Who came by it only lacks a factor from now on, by tag, too; who has another way in counts as before."""
    with database.writing() as unit:
        connection = add_connection(unit)
        other, where = add_connection(unit, connection.organisation_id), connection.organisation_id
        gone = [add_linked(unit, connection)[0] for _ in range(3)]
        twice, _ = add_linked(unit, connection)
        add_identity(unit, other, twice.id)
        add_linked(unit, other)
        add_linked(unit, connection, password_hash="hash")
        has = add_member(unit, where, has_factor=True, password_hash=None)
        add_identity(unit, connection, has.id)
        outside = add_connection(unit)
        add_identity(unit, outside, gone[0].id)
        assert unit.members.counts(where) == MemberCounts(missing=1, has=1, sso=5)
        before = unit.members.preview(where, gone[0].id)
        unit.connections.remove(where, connection.id)
        assert unit.members.counts(where) == MemberCounts(missing=4, has=1, sso=2)
        after = unit.members.preview(where, gone[0].id)
        assert (before.includes_me, after.includes_me) == (False, True)
        for person in gone:
            unit.members.remove(where, person.id)
        alone = unit.members.preview(where, "")
        assert alone.fingerprint.split("-")[1] == before.fingerprint.split("-")[1], "the tags add up"
        assert unit.members.counts(outside.organisation_id).total == 0


def test_uses_are_summed_by_connection(database: Database) -> None:
    """Each sign-in is counted on its day, apart by evidence; days before are left out, connections unused, too."""
    with database.writing() as unit:
        where = add_organisation(unit).id
        b, a = (add_connection(unit, where, name=name) for name in "BA")
        add_connection(unit, where, name="unused")
        foreign = add_connection(unit)
        for connection, days, has_evidence in (
            (a, 0, True), (a, 0, True), (a, 0, False), (a, 2, True), (b, 1, False), (a, -1, True), (foreign, 0, True),
        ):  # fmt: skip
            unit.connections.count_use(connection.id, DAY + timedelta(days), has_evidence=has_evidence)
        assert unit.connections.uses(where, DAY) == (SsoUse(a.id, 3, 1), SsoUse(b.id, 0, 1))
        assert unit.connections.uses(where, DAY + timedelta(1)) == (SsoUse(a.id, 1, 0), SsoUse(b.id, 0, 1))
        assert unit.connections.uses(where, DAY + timedelta(3)) == ()


def test_settings_that_somebody_has_spoilt_are_not_believed(database: Database) -> None:
    """A connection with a setting that this program does not know is found by nobody, rather than taken for another."""
    with database.writing() as unit:
        connection = add_connection(unit)
    with database.engines.writing.begin() as plain:
        spoilt = sa.update(table).where(table.c.id == connection.id).values(rules='{"demands_evidence": "no"}')
        plain.execute(spoilt)
    with database.reading() as unit, pytest.raises(UnreadableSettings):
        unit.connections.find(connection.id)


def test_a_connection_of_no_organisation_is_refused(database: Database) -> None:
    """The database itself refuses it, and a link whose organisation is not its connection's."""
    with pytest.raises(sa.exc.IntegrityError), database.writing() as unit:
        unit.connections.add(a_connection("none"))
    with database.writing() as unit:
        connection, foreign = add_connection(unit), add_organisation(unit).id
        person, _ = add_linked(unit, connection)
    row: dict[str, Any] = {"id": new_id(), "connection_id": connection.id, "organisation_id": foreign, "subject": "x"}
    row.update(person_id=person.id, created_at=NOW, used_at=NOW)
    with pytest.raises(sa.exc.IntegrityError), database.engines.writing.begin() as plain:
        plain.execute(sa.insert(sso_identity), row)
