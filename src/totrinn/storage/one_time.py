"""One-time links and confirmations: stored under the digest of a token, replaced by newer ones, taken once (R72)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.records import OneTimeLink, StoredConfirmation
from totrinn.core.enforcement import Wish
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import confirmation, one_time_link

_L, _C = one_time_link.c, confirmation.c

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

_CONFIRMATION = (
    _C.session_id, _C.organisation_id, _C.wish_on, _C.wish_from, _C.revision, _C.fingerprint, _C.expires_at,
)  # fmt: skip
_new_confirmation = insert(confirmation)
_ADD_CONFIRMATION = _new_confirmation.on_conflict_do_update(
    index_elements=["session_id"],
    set_={column.name: _new_confirmation.excluded[column.name] for column in (_C.digest, *_CONFIRMATION[1:])},
)
_FIND_CONFIRMATION = select(*_CONFIRMATION).where(is_which(_C.digest))
_TAKE_CONFIRMATION = delete(confirmation).where(is_which(_C.digest)).returning(*_CONFIRMATION)


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

    def add(self, digest: bytes, confirmation: StoredConfirmation) -> None:
        """Adds one in the place of an earlier one of the same session."""
        values = {
            "digest": digest,
            "session_id": confirmation.session_id,
            "organisation_id": confirmation.organisation_id,
            "wish_on": confirmation.wish.on,
            "wish_from": confirmation.wish.from_,
            "revision": confirmation.revision,
            "fingerprint": confirmation.fingerprint,
            "expires_at": confirmation.expires_at,
        }
        self._connection.execute(_ADD_CONFIRMATION, values)

    def find(self, digest: bytes) -> StoredConfirmation | None:
        """Looks at one without using it."""
        row = self._connection.execute(_FIND_CONFIRMATION, {"which": digest}).first()
        return None if row is None else _confirmation_of(row)

    def take(self, digest: bytes) -> StoredConfirmation | None:
        """Takes it, once."""
        row = self._connection.execute(_TAKE_CONFIRMATION, {"which": digest}).first()
        return None if row is None else _confirmation_of(row)


def _confirmation_of(values: Sequence[Any]) -> StoredConfirmation:
    session_id, organisation_id, on, from_, revision, fingerprint, expires_at = values
    return StoredConfirmation(session_id, organisation_id, Wish(on, from_), revision, fingerprint, expires_at)
