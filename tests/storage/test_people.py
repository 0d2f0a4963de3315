"""Persons, as they come back from the database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.storage.examples import NOW, a_person, add_member, add_organisation, add_person, an_authenticator, new_id
from totrinn.core.roles import Role
from totrinn.storage import Database


def test_a_person_comes_back_unchanged(database: Database) -> None:
    """Every field is kept, to the microsecond, by id and by address."""
    with database.writing() as unit:
        full = add_person(unit, name="Åse Ørjansæter 🎣", must_enrol=True, version=7)
        bare = add_person(unit, password_hash=None, password_changed_at=None, language=None, name="")
    with database.reading() as unit:
        assert unit.people.find(full.id) == unit.people.find_by_email(full.email) == full
        assert unit.people.find(bare.id) == bare
        assert unit.people.find("nobody") is None
        assert unit.people.find_by_email("nobody@example.no") is None


def test_an_address_belongs_to_one_person(database: Database) -> None:
    """A second person with the same address is refused, and the transaction goes on."""
    with database.writing() as unit:
        first = add_person(unit)
        assert not unit.people.add(a_person(email=first.email))
        unit.people.set_name(first.id, "Ola")
    with database.reading() as unit:
        assert unit.people.find_by_email(first.email) == replace(first, name="Ola")


def test_a_new_password_outdates_older_proofs(database: Database) -> None:
    """Setting a password raises the version; re-hashing the same password does not."""
    later = NOW + timedelta(days=1)
    with database.writing() as unit:
        person = add_person(unit, password_hash="old")
        unit.people.set_password(person.id, "new", later)
        unit.people.rehash(person.id, old_hash="new", new_hash="stronger")
    with database.reading() as unit:
        assert unit.people.find(person.id) == replace(
            person, password_hash="stronger", password_changed_at=later, version=2
        )


def test_a_rehash_never_undoes_a_new_password(database: Database) -> None:
    """A re-hash that comes after the password was changed changes nothing."""
    with database.writing() as unit:
        person = add_person(unit, password_hash="old")
        unit.people.set_password(person.id, "new", NOW)
        unit.people.rehash(person.id, old_hash="old", new_hash="stronger old")
        found = unit.people.find(person.id)
    assert found is not None
    assert found.password_hash == "new"


def test_resets_and_disabling_outdate_older_proofs(database: Database) -> None:
    """The mark of a reset, disabling and enabling each raise the version; taking the mark away does not."""
    with database.writing() as unit:
        person = add_person(unit)
        unit.people.mark_must_enrol(person.id)
        unit.people.set_active(person.id, is_active=False)
        assert unit.people.find(person.id) == replace(person, version=3, must_enrol=True, is_active=False)
        unit.people.set_active(person.id, is_active=True)
        unit.people.clear_must_enrol(person.id)
        unit.people.set_language(person.id, "en")
        assert unit.people.find(person.id) == replace(person, version=4, language="en")


def test_a_change_reaches_one_person_only(database: Database) -> None:
    """Nothing that is done to one person is done to another."""
    with database.writing() as unit:
        other = add_person(unit)
        person = add_person(unit)
        unit.people.set_password(person.id, "new", NOW)
        unit.people.mark_must_enrol(person.id)
        unit.people.set_active(person.id, is_active=False)
        unit.people.set_name(person.id, "Ola")
        unit.people.set_language(person.id, "en")
        assert unit.people.find(other.id) == other


def test_the_standing_says_what_counts_here_and_now(database: Database) -> None:
    """Factor, role in the organisation at hand, and the number of places that one could be in."""
    with database.writing() as unit:
        here, there, closed = add_organisation(unit), add_organisation(unit), add_organisation(unit, is_active=False)
        person = add_member(unit, here.id, role=Role.ADMINISTRATOR)
        for organisation in (there, closed):
            unit.members.add(new_id(), organisation.id, person.id, Role.USER, now=NOW, accepted_at=NOW)
        standing = unit.people.standing(person.id, here.id)
        assert standing is not None
        assert (standing.person, standing.organisation, standing.role) == (person, here, Role.ADMINISTRATOR)
        assert (standing.has_factor, standing.membership_count) == (False, 2)
        unit.factors.add(an_authenticator(person.id))
        nowhere = unit.people.standing(person.id, None)
        assert nowhere is not None
        assert (nowhere.organisation, nowhere.role, nowhere.has_factor) == (None, None, True)
        assert unit.people.standing("nobody", here.id) is None


@pytest.mark.row("R46")
def test_an_invitation_or_a_foreign_organisation_gives_no_role(database: Database) -> None:
    """Whoever has not accepted, or is no member, has no role there, and an invitation is no membership."""
    with database.writing() as unit:
        here, foreign = add_organisation(unit), add_organisation(unit)
        person = add_member(unit, here.id, is_accepted=False)
        invited, stranger = unit.people.standing(person.id, here.id), unit.people.standing(person.id, foreign.id)
    assert invited is not None
    assert stranger is not None
    assert (invited.role, invited.membership_count, invited.organisation) == (None, 0, here)
    assert (stranger.role, stranger.organisation) == (None, foreign)


def test_unreadable_text_finds_nobody(database: Database) -> None:
    """An id or address that no database can hold is as unknown as any other."""
    with database.reading() as unit:
        for text in ("\0", "a\0b", "\ud800", "'; DROP TABLE person --"):
            assert unit.people.find(text) is None
            assert unit.people.find_by_email(text) is None
            assert unit.organisations.find_by_slug(text) is None
