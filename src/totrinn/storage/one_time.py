"""One-time links and confirmations: stored under the digest of a token, replaced by newer ones, taken once (R72)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.records import OneTimeLink, StoredConfirmation
from totrinn.core.enforcement import Wish
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import confirmation, one_time_link
from totrinn.storage.token_tables import token_confirmation

_L = one_time_link.c

_LINK = (_L.id, _L.purpose, _L.organisation_id, _L.person_id, _L.role, _L.created_at, _L.expires_at)
"""In the order of the fields of `OneTimeLink`."""
_new_link = insert(one_time_link)
_ADD_LINK = _new_link.on_conflict_do_update(
    index_elements=["place"],
    set_={name: _new_link.excluded[name] for name in ("id", "digest", "role", "created_at", "expires_at")},
)
_FIND_LINK = select(*_LINK).where(is_which(_L.digest))
_TAKE_LINK = delete(one_time_link).where(is_which(_L.digest)).returning(*_LINK)
_END_LINKS = delete(one_time_link).where(is_which(_L.person_id))


class _Statements:
    """What is done with one table of confirmations; `holder` is the column of who may confirm."""

    def __init__(self, table: Table, holder: str) -> None:
        columns = table.c
        self.holder = holder
        shown = (
            columns[holder], columns.organisation_id, columns.wish_on, columns.wish_from, columns.revision,
            columns.fingerprint, columns.expires_at,
        )  # fmt: skip
        new = insert(table)
        replaced = {column.name: new.excluded[column.name] for column in (columns.digest, *shown[1:])}
        self.add = new.on_conflict_do_update(index_elements=[holder], set_=replaced)
        self.find = select(*shown).where(is_which(columns.digest))
        self.take = delete(table).where(is_which(columns.digest)).returning(*shown)


_OF_SESSIONS = _Statements(confirmation, "session_id")
_OF_TOKENS = _Statements(token_confirmation, "token_id")


class SqlLinks(Repository, ports.Links):
    """Implements `ports.Links`."""

    __slots__ = ()

    def add(self, digest: bytes, link: OneTimeLink) -> None:
        """Adds one in the place of an earlier one of the same purpose, organisation and person."""
        place = f"{link.purpose.value}/{link.organisation_id or ''}/{link.person_id or ''}"
        values = {
            "id": link.id,
            "digest": digest,
            "place": place,
            "purpose": link.purpose,
            "organisation_id": link.organisation_id,
            "person_id": link.person_id,
            "role": link.role,
            "created_at": link.created_at,
            "expires_at": link.expires_at,
        }
        self._connection.execute(_ADD_LINK, values)

    def find(self, digest: bytes) -> OneTimeLink | None:
        """Looks at one without using it; expired ones are found too."""
        row = self._connection.execute(_FIND_LINK, {"which": digest}).first()
        return None if row is None else OneTimeLink(*row)

    def take(self, digest: bytes) -> OneTimeLink | None:
        """Takes it, once."""
        row = self._connection.execute(_TAKE_LINK, {"which": digest}).first()
        return None if row is None else OneTimeLink(*row)

    def end_of_person(self, person_id: str) -> None:
        """Voids the person's links."""
        self._connection.execute(_END_LINKS, {"which": person_id})


class SqlConfirmations(Repository, ports.Confirmations):
    """Implements `ports.Confirmations`."""

    __slots__ = ()
    _statements = _OF_SESSIONS

    def add(self, digest: bytes, confirmation: StoredConfirmation) -> None:
        """Adds one in the place of an earlier one of the same session, or token."""
        values = {
            "digest": digest,
            self._statements.holder: confirmation.session_id,
            "organisation_id": confirmation.organisation_id,
            "wish_on": confirmation.wish.on,
            "wish_from": confirmation.wish.from_,
            "revision": confirmation.revision,
            "fingerprint": confirmation.fingerprint,
            "expires_at": confirmation.expires_at,
        }
        self._connection.execute(self._statements.add, values)

    def find(self, digest: bytes) -> StoredConfirmation | None:
        """Looks at one without using it."""
        row = self._connection.execute(self._statements.find, {"which": digest}).first()
        return None if row is None else _confirmation_of(row)

    def take(self, digest: bytes) -> StoredConfirmation | None:
        """Takes it, once."""
        row = self._connection.execute(self._statements.take, {"which": digest}).first()
        return None if row is None else _confirmation_of(row)


class SqlTokenConfirmations(SqlConfirmations):
    """The same, for changes that an API token is to confirm."""

    __slots__ = ()
    _statements = _OF_TOKENS


def _confirmation_of(values: Sequence[Any]) -> StoredConfirmation:
    session_id, organisation_id, on, from_, revision, fingerprint, expires_at = values
    return StoredConfirmation(session_id, organisation_id, Wish(on, from_), revision, fingerprint, expires_at)
