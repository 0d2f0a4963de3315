"""Our keys for tokens, and the organisations of which everybody is to be judged."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from totrinn.app import ports
from totrinn.app.applications.grant_records import SigningKey
from totrinn.storage.grant_tables import signing_key, sweep
from totrinn.storage.repository import Repository, is_which

_K, _S = signing_key.c, sweep.c
_KEY = (_K.id, _K.algorithm, _K.sealed_private, _K.public, _K.created_at, _K.signs_from)
"""In the order of the fields of `SigningKey`."""
_ALL = select(*_KEY).order_by(_K.signs_from.desc(), _K.id.desc())
_ADD = insert(signing_key)
_FORGET = delete(signing_key).where(is_which(_K.id))

_ADD_SWEEP = insert(sweep)
_DUE = (
    select(_S.id, _S.organisation_id, _S.due_at)
    .where(_S.due_at <= bindparam("now", type_=_S.due_at.type))
    .order_by(_S.due_at, _S.id)
    .limit(1)
)
_TAKE = update(sweep).where(is_which(_S.id), is_which(_S.due_at, "expected_due_at"))
_DONE = delete(sweep).where(is_which(_S.id))


class SqlSigningKeys(Repository, ports.SigningKeys):
    """Implements `ports.SigningKeys`."""

    __slots__ = ()

    def all(self) -> tuple[SigningKey, ...]:
        """All of them, the newest first."""
        return tuple(SigningKey(*row) for row in self._connection.execute(_ALL))

    def add(self, key: SigningKey) -> None:
        """Adds one."""
        values = {
            "id": key.id,
            "algorithm": key.algorithm,
            "sealed_private": key.sealed_private,
            "public": key.public,
            "created_at": key.created_at,
            "signs_from": key.signs_from,
        }
        self._connection.execute(_ADD, values)

    def forget(self, key_id: str) -> None:
        """Deletes one."""
        self._change(_FORGET, {"which": key_id})


class SqlSweeps(Repository, ports.Sweeps):
    """Implements `ports.Sweeps`."""

    __slots__ = ()

    def add(self, sweep_id: str, organisation_id: str, due_at: datetime) -> None:
        """Adds one."""
        values = {"id": sweep_id, "organisation_id": organisation_id, "due_at": due_at}
        self._connection.execute(_ADD_SWEEP, values)

    def take_due(self, now: datetime, *, until: datetime) -> tuple[str, str] | None:
        """(sweep, organisation) of one that is due, by one statement that holds only while it still is."""
        row = self._connection.execute(_DUE, {"now": now}).first()
        if row is None:
            return None
        sweep_id, organisation_id, due_at = row
        taken = self._change(_TAKE, {"which": sweep_id, "expected_due_at": due_at, "due_at": until}) == 1
        return (sweep_id, organisation_id) if taken else None

    def done(self, sweep_id: str) -> None:
        """Deletes one."""
        self._change(_DONE, {"which": sweep_id})
