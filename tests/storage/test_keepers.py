"""Where password sign-in is closed: for whom it is, and who keeps it."""

import pytest

from tests.storage.examples import NOW, add_member, add_organisation, add_person, add_session, digest, new_id
from tests.storage.sso_examples import add_connection, add_identity, add_linked
from totrinn.app.ports import Unit
from totrinn.core.roles import Role
from totrinn.storage import Database


def takes_password(unit: Unit, person_id: str, organisation_id: str | None) -> bool:
    """As it stands, and as a session would find it."""
    standing = unit.people.standing(person_id, organisation_id)
    assert standing is not None
    if organisation_id is not None:
        label = new_id()
        session = add_session(unit, person_id, organisation_id, label)
        live = unit.sessions.find(digest(label))
        assert live is not None
        assert live.standing == standing
        unit.sessions.take(session.id)
    return standing.takes_password


def test_exactly_those_who_are_named_keep_it(database: Database) -> None:
    """Closing names them anew; opening names nobody; invitations and strangers are not among them."""
    with database.writing() as unit:
        where, elsewhere = add_organisation(unit).id, add_organisation(unit).id
        first, second, third = (add_member(unit, where, name=name) for name in ("Bø", "Al", "Ås"))
        invited = add_member(unit, where, name="invited", is_accepted=False)
        foreign = add_member(unit, elsewhere, name="foreign")
        unit.members.add(new_id(), elsewhere, first.id, Role.USER, now=NOW, accepted_at=NOW)
        unit.keepers.close(where, [third.id, first.id, invited.id, foreign.id, "nobody"])
        assert unit.keepers.names(where) == ((first.id, "Bø"), (third.id, "Ås"))
        organisation = unit.organisations.find(where)
        assert organisation is not None
        assert organisation.passwords_closed
        assert unit.keepers.names(elsewhere) == ()
        unit.keepers.close(where, [second.id])
        assert unit.keepers.names(where) == ((second.id, "Al"),)
        unit.keepers.close(elsewhere, [foreign.id])
        unit.keepers.open(where)
        organisation = unit.organisations.find(where)
        assert organisation is not None
        assert not organisation.passwords_closed
        assert unit.keepers.names(where) == ()
        assert unit.keepers.names(elsewhere) == ((foreign.id, "foreign"),)


def test_an_organisation_may_begin_closed(database: Database) -> None:
    """The mark is kept as it is given."""
    with database.writing() as unit:
        closed = add_organisation(unit, passwords_closed=True)
        assert unit.organisations.find(closed.id) == closed


@pytest.mark.row("R77")
def test_a_password_is_refused_to_those_whom_sso_governs_there(database: Database) -> None:
    """Linked in this organisation, closed, and not named: only then. At once, and no longer than that."""
    with database.writing() as unit:
        connection, elsewhere = add_connection(unit), add_connection(unit)
        where = connection.organisation_id
        governed, _ = add_linked(unit, connection, password_hash="hash")
        keeper, _ = add_linked(unit, connection, password_hash="hash")
        free = add_member(unit, where)
        add_identity(unit, elsewhere, free.id)
        outsider = add_person(unit)
        assert takes_password(unit, governed.id, where)
        unit.keepers.close(where, [keeper.id])
        assert not takes_password(unit, governed.id, where)
        for person in (keeper, free, outsider):
            assert takes_password(unit, person.id, where)
        assert takes_password(unit, governed.id, elsewhere.organisation_id)
        assert takes_password(unit, governed.id, None)
        unit.connections.set_enabled(where, connection.id, is_enabled=False)
        assert not takes_password(unit, governed.id, where), "a connection that is off closes nothing and opens nothing"
        unit.identities.remove_of_person(where, governed.id)
        assert takes_password(unit, governed.id, where)
        add_identity(unit, connection, governed.id)
        unit.keepers.open(where)
        assert takes_password(unit, governed.id, where)


def test_who_leaves_and_comes_back_keeps_nothing(database: Database) -> None:
    """The name goes with the membership."""
    with database.writing() as unit:
        where = add_organisation(unit).id
        person = add_member(unit, where)
        unit.keepers.close(where, [person.id])
        unit.members.remove(where, person.id)
        unit.members.add(new_id(), where, person.id, Role.USER, now=NOW, accepted_at=NOW)
        assert unit.keepers.names(where) == ()
