"""Persons."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.records import Person, Standing
from totrinn.storage.columns import Text, order_key
from totrinn.storage.counting import lock_person, recount
from totrinn.storage.name_words import rename
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.searching import search_form, words_of
from totrinn.storage.standing import PERSON, STANDING, person_of, standing_of, with_standing
from totrinn.storage.tables import membership, person

_THIS = is_which(person.c.id)

_FIND = select(*PERSON).where(_THIS)
_FIND_BY_EMAIL = select(*PERSON).where(is_which(person.c.email))
_ADD = insert(person).on_conflict_do_nothing(index_elements=["email"]).returning(person.c.id)
_STANDING = (
    select(*STANDING).select_from(with_standing(person, bindparam("organisation_id", type_=Text()))).where(_THIS)
)
_SET = update(person).where(_THIS)
_REHASH = _SET.where(is_which(person.c.password_hash, "expected_hash"))
_SET_PASSWORD = _SET.values(
    version=person.c.version + 1,
    password_hash=bindparam("new_hash"),
    password_changed_at=bindparam("now"),
)
_MARK_MUST_ENROL = _SET.values(version=person.c.version + 1, must_enrol=True)
_SET_ACTIVE = _SET.values(version=person.c.version + 1, is_active=bindparam("active"))
_SET_ORDER = update(membership).where(is_which(membership.c.person_id))
_EMAIL_OF = select(person.c.email).where(_THIS)


class SqlPeople(Repository, ports.People):
    """Implements `ports.People`."""

    __slots__ = ()

    def find(self, person_id: str) -> Person | None:
        """The person with this id."""
        row = self._connection.execute(_FIND, {"which": person_id}).first()
        return None if row is None else person_of(row)

    def find_by_email(self, email: str) -> Person | None:
        """The person with this canonical address."""
        row = self._connection.execute(_FIND_BY_EMAIL, {"which": email}).first()
        return None if row is None else person_of(row)

    def add(self, person: Person) -> bool:
        """Adds the person; False when the address is taken, as the unique constraint says."""
        return self._has_row(_ADD, {**asdict(person), **_derived(person.name, person.email)})

    def lock(self, person_id: str) -> None:
        """Makes other writers of this person's factors wait; on SQLite every other writer waits anyway."""
        lock_person(self._connection, person_id)

    def standing(self, person_id: str, organisation_id: str | None) -> Standing | None:
        """The person and their place in the organisation, in one statement."""
        row = self._connection.execute(_STANDING, {"which": person_id, "organisation_id": organisation_id}).first()
        return None if row is None else standing_of(row)

    def set_password(self, person_id: str, password_hash: str, now: datetime) -> None:
        """Stores the hash and raises the version."""
        lock_person(self._connection, person_id)
        self._change(_SET_PASSWORD, {"which": person_id, "new_hash": password_hash, "now": now})
        recount(self._connection, person_id)

    def rehash(self, person_id: str, *, old_hash: str, new_hash: str) -> None:
        """Replaces the hash if it is still the old one; the version stays."""
        self._change(_REHASH, {"which": person_id, "expected_hash": old_hash, "password_hash": new_hash})

    def mark_must_enrol(self, person_id: str) -> None:
        """Leaves the mark of a reset and raises the version."""
        self._change(_MARK_MUST_ENROL, {"which": person_id})

    def clear_must_enrol(self, person_id: str) -> None:
        """Takes the mark away."""
        self._change(_SET, {"which": person_id, "must_enrol": False})

    def set_language(self, person_id: str, language: str) -> None:
        """The person's own setting."""
        self._change(_SET, {"which": person_id, "language": language})

    def set_name(self, person_id: str, name: str) -> None:
        """The person's name, and the forms by which it is searched and sorted."""
        lock_person(self._connection, person_id)
        email = self._connection.execute(_EMAIL_OF, {"which": person_id}).scalar()
        if email is not None:
            derived = _derived(name, email)
            self._change(_SET, {"which": person_id, "name": name, **derived})
            self._change(_SET_ORDER, {"which": person_id, "name_order": derived["name_order"]})
            rename(self._connection, person_id, words_of(f"{name} {email}"))

    def set_active(self, person_id: str, *, is_active: bool) -> None:
        """Disables or enables the person and raises the version."""
        lock_person(self._connection, person_id)
        self._change(_SET_ACTIVE, {"which": person_id, "active": is_active})
        recount(self._connection, person_id)


def _derived(name: str, email: str) -> dict[str, Any]:
    return {"name_order": order_key(name or email), "search": search_form(words_of(f"{name} {email}"))}
