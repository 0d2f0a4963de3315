"""Links between providers' subjects and persons: whoever changes them corrects how the person is counted."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.sso_records import SsoIdentity
from totrinn.core.policy import ConnectionFacts
from totrinn.storage.counting import COUNTS, MEMBERS, lock_person, recount
from totrinn.storage.links import FACTS, facts_of
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.sso_tables import connection, sso_identity
from totrinn.storage.tables import membership, person

_I, _M, _P = sso_identity.c, membership.c, person.c
_OF_PERSON = is_which(_I.person_id, "which_person")
_IN_ORGANISATION = is_which(_I.organisation_id, "which_organisation")

_IDENTITY = (
    _I.id, _I.connection_id, _I.organisation_id, _I.subject, _I.person_id, _I.created_at, _I.used_at,
)  # fmt: skip
"""In the order of the fields of `SsoIdentity`."""

_FIND = select(*_IDENTITY).where(is_which(_I.connection_id, "which_connection"), is_which(_I.subject))
# Before the person, as where a connection is removed.
_LOCK_CONNECTION = (
    select(connection.c.id)
    .where(is_which(connection.c.id), is_which(connection.c.organisation_id, "which_organisation"))
    .with_for_update(read=True, key_share=True)
)
_ADD = insert(sso_identity).on_conflict_do_nothing(index_elements=["connection_id", "subject"]).returning(_I.id)
_OF = select(*_IDENTITY).where(_OF_PERSON).order_by(_I.created_at, _I.id)
_OF_THERE = _OF.where(_IN_ORGANISATION)
_REMOVE = delete(sso_identity).where(_OF_PERSON, _IN_ORGANISATION)
_USED = update(sso_identity).where(is_which(_I.id))
_FACTS = (
    select(FACTS)
    .join_from(sso_identity, connection, connection.c.id == _I.connection_id)
    .where(is_which(_I.id), _OF_PERSON)
)
_WITH_PASSWORD = (
    is_which(_M.organisation_id, "which_organisation"),
    _M.person_id.in_(select(_I.person_id).where(_IN_ORGANISATION)),
    _P.password_hash.is_not(None),
    COUNTS,
)
_NUMBER_WITH_PASSWORD = select(func.count()).select_from(MEMBERS).where(*_WITH_PASSWORD)
_NAMES_WITH_PASSWORD = (
    select(_P.id, _P.name).select_from(MEMBERS).where(*_WITH_PASSWORD).order_by(_M.name_order, _M.person_id)
)


class SqlIdentities(Repository, ports.SsoIdentities):
    """Implements `ports.SsoIdentities`."""

    __slots__ = ()

    def find(self, connection_id: str, subject: str) -> SsoIdentity | None:
        """The link of exactly this subject, to the last sign."""
        row = self._connection.execute(_FIND, {"which_connection": connection_id, "which": subject}).first()
        return None if row is None else SsoIdentity(*row)

    def add(self, identity: SsoIdentity) -> bool:
        """Adds one; False when this subject is linked already, or the organisation has no such connection."""
        there = {"which": identity.connection_id, "which_organisation": identity.organisation_id}
        if self._connection.execute(_LOCK_CONNECTION, there).first() is None:
            return False
        lock_person(self._connection, identity.person_id)
        values = {
            "id": identity.id,
            "connection_id": identity.connection_id,
            "organisation_id": identity.organisation_id,
            "subject": identity.subject,
            "person_id": identity.person_id,
            "created_at": identity.created_at,
            "used_at": identity.used_at,
        }
        if not self._has_row(_ADD, values):
            return False
        recount(self._connection, identity.person_id)
        return True

    def of_person(self, person_id: str, organisation_id: str | None = None) -> tuple[SsoIdentity, ...]:
        """The links of a person, in one organisation if it is named; the oldest first."""
        if organisation_id is None:
            rows = self._connection.execute(_OF, {"which_person": person_id})
        else:
            rows = self._connection.execute(_OF_THERE, _which(organisation_id, person_id))
        return tuple(SsoIdentity(*row) for row in rows)

    def remove_of_person(self, organisation_id: str, person_id: str) -> int:
        """Ends the person's links in this organisation; how many there were."""
        lock_person(self._connection, person_id)
        removed = self._change(_REMOVE, _which(organisation_id, person_id))
        recount(self._connection, person_id)
        return removed

    def used(self, identity_id: str, now: datetime) -> None:
        """Remembers the last sign-in."""
        self._change(_USED, {"which": identity_id, "used_at": now})

    def facts(self, identity_id: str, person_id: str) -> ConnectionFacts | None:
        """The connection of this link as it is now; None when there is no such link of this person."""
        row = self._connection.execute(_FACTS, {"which": identity_id, "which_person": person_id}).first()
        return None if row is None else facts_of(row[0])

    def with_password(
        self, organisation_id: str, *, limit: int, offset: int
    ) -> tuple[int, tuple[tuple[str, str], ...]]:
        """How many accepted, active members are linked and have a password as well, and a page of them by name."""
        which = {"which_organisation": organisation_id}
        number = self._connection.execute(_NUMBER_WITH_PASSWORD, which).scalar_one()
        shown = self._connection.execute(_NAMES_WITH_PASSWORD.limit(limit).offset(offset), which)
        return number, tuple((person_id, name) for person_id, name in shown)


def _which(organisation_id: str, person_id: str) -> dict[str, Any]:
    return {"which_organisation": organisation_id, "which_person": person_id}
