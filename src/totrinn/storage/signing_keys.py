"""Our keys for tokens, and the organisations of which everybody is to be judged."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_once  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.applications.grant_records import SigningKey, Sweep
from totrinn.storage.grant_tables import signing_key, sweep
from totrinn.storage.repository import Repository, is_which

_K, _S = signing_key.c, sweep.c
_KEY = (_K.id, _K.algorithm, _K.sealed_private, _K.public, _K.created_at, _K.signs_from)
"""In the order of the fields of `SigningKey`."""
_ALL = select(*_KEY).order_by(_K.signs_from.desc(), _K.id.desc())
_ADD = insert(signing_key)
_FORGET = delete(signing_key).where(is_which(_K.id))

_THIS = (is_which(_S.organisation_id, "which_organisation"), is_which(_S.due_at, "which_due_at"))
_ADD_SWEEP = insert_once(sweep).on_conflict_do_nothing(index_elements=["organisation_id", "due_at"])
_DUE = (
    select(_S.organisation_id, _S.due_at, _S.free_at)
    .where(_S.free_at <= bindparam("now", type_=_S.free_at.type))
    .order_by(_S.free_at, _S.organisation_id)
    .limit(1)
)
_TAKE = update(sweep).where(*_THIS, is_which(_S.free_at, "expected_free_at"))
_DONE = delete(sweep).where(*_THIS)


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

    def add(self, organisation_id: str, due_at: datetime) -> None:
        """Adds one, unless it is there."""
        self._connection.execute(_ADD_SWEEP, {"organisation_id": organisation_id, "due_at": due_at, "free_at": due_at})

    def is_any_due(self, now: datetime) -> bool:
        """Whether one is due."""
        return self._has_row(_DUE, {"now": now})

    def take_due(self, now: datetime, *, until: datetime) -> Sweep | None:
        """One that is due, by one statement that holds only while nobody else has it."""
        row = self._connection.execute(_DUE, {"now": now}).first()
        if row is None:
            return None
        organisation_id, due_at, free_at = row
        which = {"which_organisation": organisation_id, "which_due_at": due_at}
        taken = self._change(_TAKE, {**which, "expected_free_at": free_at, "free_at": until}) == 1
        return Sweep(organisation_id, due_at) if taken else None

    def done(self, sweep: Sweep) -> None:
        """Deletes one."""
        self._change(_DONE, {"which_organisation": sweep.organisation_id, "which_due_at": sweep.due_at})
