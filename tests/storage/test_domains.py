"""E-mail domains: what an organisation claims, what it has proven, and where that leads."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.storage.examples import NOW, add_organisation
from tests.storage.sso_examples import a_domain, add_connection, add_domain
from totrinn.app.ports import Unit
from totrinn.app.sso_records import Connection, SsoWay
from totrinn.storage import Database

NAME = "fjord.example"


def test_a_domain_comes_back_unchanged(database: Database) -> None:
    """Every field is kept, and an organisation's come by name."""
    with database.writing() as unit:
        connection = add_connection(unit)
        where = connection.organisation_id
        full = add_domain(
            unit, where, name="b.example", connection_id=connection.id, proven_at=NOW, proven_by="operator:root"
        )
        bare = add_domain(unit, where, name="a.example")
        assert unit.domains.of_organisation(where) == (bare, full)
        assert unit.domains.find(where, "b.example") == full
        assert unit.domains.find(where, "c.example") is None
        assert unit.domains.of_organisation("none") == ()


def test_an_organisation_has_a_domain_once_and_several_may_have_it(database: Database) -> None:
    """A second claim of the same organisation is refused and changes nothing; that of another is its own."""
    with database.writing() as unit:
        first, second = add_organisation(unit).id, add_organisation(unit).id
        domain = add_domain(unit, first)
        assert not unit.domains.add(replace(domain, challenge="another"))
        other = add_domain(unit, second, challenge="theirs")
        assert unit.domains.find(first, NAME) == domain
        assert unit.domains.find(second, NAME) == other


@pytest.mark.row("R46", "R78")
def test_a_domain_is_proven_led_and_removed_by_its_own_organisation_only(database: Database) -> None:
    """What one organisation does with a domain is nothing to another that claims the same one."""
    with database.writing() as unit:
        connection, foreign = add_connection(unit), add_organisation(unit).id
        where = connection.organisation_id
        domain, theirs = add_domain(unit, where), add_domain(unit, foreign)
        unit.domains.prove(where, NAME, by="dns", now=NOW)
        unit.domains.lead_to(where, NAME, connection.id)
        proven = replace(domain, proven_at=NOW, proven_by="dns", connection_id=connection.id)
        assert unit.domains.find(where, NAME) == proven
        assert unit.domains.find(foreign, NAME) == theirs
        unit.domains.prove(foreign, "other.example", by="dns", now=NOW)
        unit.domains.lead_to(foreign, NAME, connection.id)
        assert unit.domains.find(foreign, NAME) == theirs, "nobody is sent to another organisation's connection"
        unit.domains.lead_to(where, NAME, "none")
        assert unit.domains.find(where, NAME) == proven
        unit.domains.lead_to(where, NAME, None)
        assert unit.domains.find(where, NAME) == replace(proven, connection_id=None)
        assert unit.domains.remove(foreign, NAME)
        assert not unit.domains.remove(foreign, NAME)
        assert unit.domains.remove(where, NAME)


def a_way(unit: Unit, name: str) -> Connection:
    """A way in for the domain, of an organisation of this name."""
    organisation = add_organisation(unit, name=name)
    connection = add_connection(unit, organisation.id)
    add_domain(unit, organisation.id, connection_id=connection.id, proven_at=NOW, proven_by="dns")
    return connection


@pytest.mark.row("R78", "R84")
def test_only_what_is_proven_on_and_active_is_a_way_in(database: Database) -> None:
    """An unproven domain, a connection that is off, and an organisation that is disabled, are none."""
    with database.writing() as unit:
        later, first = a_way(unit, "Ås"), a_way(unit, "Bø")
        off = a_way(unit, "A")
        unit.connections.set_enabled(off.organisation_id, off.id, is_enabled=False)
        disabled = add_organisation(unit, is_active=False, name="A")
        add_domain(unit, disabled.id, connection_id=add_connection(unit, disabled.id).id, proven_at=NOW)
        unproven = add_connection(unit)
        add_domain(unit, unproven.organisation_id, connection_id=unproven.id)
        add_domain(unit, add_organisation(unit).id, proven_at=NOW)
        spoilt = a_domain(add_organisation(unit).id, connection_id=first.id, proven_at=NOW)
        unit.domains.add(spoilt)
        ways = unit.domains.ways(NAME)
        assert [way.connection for way in ways] == [first, later]
        organisation = unit.organisations.find(first.organisation_id)
        assert organisation is not None
        assert ways[0] == SsoWay(organisation, first)
        assert unit.domains.ways("sub." + NAME) == unit.domains.ways("other.example") == ()
        unit.domains.prove(unproven.organisation_id, NAME, by="dns", now=NOW + timedelta(1))
        unit.connections.remove(first.organisation_id, first.id)
        assert {way.connection.id for way in unit.domains.ways(NAME)} == {later.id, unproven.id}
