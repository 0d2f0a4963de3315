"""Authenticators and recovery codes."""

from datetime import timedelta

import pytest

from tests.storage.examples import NOW, add_person, an_authenticator, digest
from totrinn.storage import Database


def test_an_authenticator_comes_back_unchanged(database: Database) -> None:
    """Every field is kept, the oldest authenticator first."""
    with database.writing() as unit:
        person = add_person(unit)
        first = an_authenticator(person.id, sealed_secret=bytes(range(256)), used_at=NOW)
        second = an_authenticator(person.id, spent_steps=frozenset({7, 1_900_000_000}))
        unit.factors.add(first)
        unit.factors.add(second)
    with database.reading() as unit:
        assert unit.factors.of_person(person.id) == (first, second)
        assert unit.factors.of_person("nobody") == ()


@pytest.mark.row("R16", "R17", "R18")
def test_a_step_is_taken_once_and_never_an_older_one(database: Database) -> None:
    """The same step, and any before it, is refused; a later one is taken; another authenticator is not touched."""
    later = NOW + timedelta(seconds=30)
    with database.writing() as unit:
        person = add_person(unit)
        authenticator, other = an_authenticator(person.id, last_step=100), an_authenticator(person.id)
        unit.factors.add(authenticator)
        unit.factors.add(other)
        take = unit.factors.take_step
        assert not take(authenticator.id, 100, later)
        assert not take(authenticator.id, 99, later)
        assert take(authenticator.id, 102, later)
        assert not take(authenticator.id, 102, later)
        assert not take(authenticator.id, 101, later)
        assert not take("unknown", 200, later)
        taken, untouched = unit.factors.of_person(person.id)
    assert (taken.last_step, taken.used_at) == (102, later)
    assert untouched == other


def test_spent_steps_are_remembered_until_they_cannot_matter(database: Database) -> None:
    """A step that was named to somebody stays spent, however often it is named; old ones are forgotten."""
    with database.writing() as unit:
        authenticator = an_authenticator(add_person(unit).id)
        unit.factors.add(authenticator)
        for step in (10, 20, 20, 30):
            unit.factors.spend_step(authenticator.id, step, forget_before=0)
        unit.factors.spend_step(authenticator.id, 40, forget_before=20)
        (found,) = unit.factors.of_person(authenticator.person_id)
    assert found.spent_steps == {20, 30, 40}


def test_an_authenticator_is_removed_by_its_own_person_only(database: Database) -> None:
    """Somebody else's id removes nothing."""
    with database.writing() as unit:
        person, other = add_person(unit), add_person(unit)
        authenticator = an_authenticator(person.id, spent_steps=frozenset({1}))
        unit.factors.add(authenticator)
        assert not unit.factors.remove(authenticator.id, other.id)
        assert unit.factors.remove(authenticator.id, person.id)
        assert not unit.factors.remove(authenticator.id, person.id)
        assert unit.factors.of_person(person.id) == ()


@pytest.mark.row("R32")
def test_a_recovery_code_is_taken_once_by_its_own_person(database: Database) -> None:
    """The right code works once; another's code, or a wrong one, never."""
    with database.writing() as unit:
        person, other = add_person(unit), add_person(unit)
        unit.factors.replace_recovery_codes(person.id, [digest("a"), digest("b")])
        unit.factors.replace_recovery_codes(other.id, [digest("a")])
        assert not unit.factors.take_recovery_code(person.id, digest("c"))
        assert unit.factors.take_recovery_code(person.id, digest("a"))
        assert not unit.factors.take_recovery_code(person.id, digest("a"))
        assert unit.factors.recovery_codes_left(person.id) == 1
        assert unit.factors.recovery_codes_left(other.id) == 1


@pytest.mark.row("R32")
def test_new_recovery_codes_void_the_old_ones(database: Database) -> None:
    """After codes were made anew, none of the old ones works."""
    with database.writing() as unit:
        person = add_person(unit)
        unit.factors.replace_recovery_codes(person.id, [digest("old")])
        unit.factors.replace_recovery_codes(person.id, [digest("new 1"), digest("new 2")])
        assert not unit.factors.take_recovery_code(person.id, digest("old"))
        assert unit.factors.recovery_codes_left(person.id) == 2
        unit.factors.replace_recovery_codes(person.id, [])
        assert unit.factors.recovery_codes_left(person.id) == 0


@pytest.mark.row("R33")
def test_a_reset_takes_everything(database: Database) -> None:
    """All authenticators and recovery codes of the person go, and nobody else's."""
    with database.writing() as unit:
        person, other = add_person(unit), add_person(unit)
        for each in (person, person, other):
            unit.factors.add(an_authenticator(each.id))
        for each in (person, other):
            unit.factors.replace_recovery_codes(each.id, [digest("a")])
        assert unit.factors.remove_all(person.id) == 2
        assert unit.factors.remove_all(person.id) == 0
        assert (unit.factors.of_person(person.id), unit.factors.recovery_codes_left(person.id)) == ((), 0)
        assert (len(unit.factors.of_person(other.id)), unit.factors.recovery_codes_left(other.id)) == (1, 1)
