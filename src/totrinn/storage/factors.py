"""Authenticators and recovery codes. A time step, and a recovery code, is taken by one conditional statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, bindparam, cast, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_once  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.records import Authenticator
from totrinn.storage.counting import lock_person, recount
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import authenticator, recovery_code, spent_step

_A = authenticator.c
_THIS = is_which(_A.id)

_SPENT = (
    select(func.aggregate_strings(cast(spent_step.c.step, String), " "))
    .where(spent_step.c.authenticator_id == _A.id)
    .scalar_subquery()
)
_OF_PERSON = (
    select(_A.id, _A.person_id, _A.kind, _A.sealed_secret, _A.last_step, _SPENT, _A.created_at, _A.used_at, _A.issuer)
    .where(is_which(_A.person_id))
    .order_by(_A.id)
)
_ADD = insert(authenticator)
_TAKE_STEP = (
    update(authenticator)
    .where(_THIS, _A.last_step < bindparam("step"))
    .values(last_step=bindparam("step"), used_at=bindparam("now"))
)
_SPEND_STEP = insert_once(spent_step).on_conflict_do_nothing()
_FORGET_STEPS = delete(spent_step).where(
    is_which(spent_step.c.authenticator_id), spent_step.c.step < bindparam("before")
)
_REMOVE = delete(authenticator).where(_THIS, is_which(_A.person_id, "which_person"))
_REMOVE_ALL = delete(authenticator).where(is_which(_A.person_id))

_OWN_CODES = is_which(recovery_code.c.person_id)
_ADD_CODE = insert(recovery_code)
_REMOVE_CODES = delete(recovery_code).where(_OWN_CODES)
_TAKE_CODE = delete(recovery_code).where(and_(_OWN_CODES, is_which(recovery_code.c.digest, "which_digest")))
_CODES_LEFT = select(func.count()).select_from(recovery_code).where(_OWN_CODES)


class SqlFactors(Repository, ports.Factors):
    """Implements `ports.Factors`."""

    __slots__ = ()

    def of_person(self, person_id: str) -> tuple[Authenticator, ...]:
        """All authenticators, the oldest first."""
        rows = self._connection.execute(_OF_PERSON, {"which": person_id})
        return tuple(_authenticator_of(row) for row in rows)

    def add(self, authenticator: Authenticator) -> None:
        """Adds a confirmed authenticator."""
        lock_person(self._connection, authenticator.person_id)
        values = {
            "id": authenticator.id,
            "person_id": authenticator.person_id,
            "kind": authenticator.kind,
            "sealed_secret": authenticator.sealed_secret,
            "last_step": authenticator.last_step,
            "created_at": authenticator.created_at,
            "used_at": authenticator.used_at,
            "issuer": authenticator.issuer,
        }
        self._connection.execute(_ADD, values)
        for step in authenticator.spent_steps:
            self._connection.execute(_SPEND_STEP, {"authenticator_id": authenticator.id, "step": step})
        recount(self._connection, authenticator.person_id)

    def take_step(self, authenticator_id: str, step: int, now: datetime) -> bool:
        """Takes a time step, once; False when it, or a later one, was taken."""
        return self._change(_TAKE_STEP, {"which": authenticator_id, "step": step, "now": now}) == 1

    def spend_step(self, authenticator_id: str, step: int, *, forget_before: int) -> None:
        """Remembers a step that must not be accepted, and forgets those that nobody can use any more."""
        self._connection.execute(_SPEND_STEP, {"authenticator_id": authenticator_id, "step": step})
        self._connection.execute(_FORGET_STEPS, {"which": authenticator_id, "before": forget_before})

    def remove(self, authenticator_id: str, person_id: str) -> bool:
        """Removes one authenticator of this person."""
        lock_person(self._connection, person_id)
        removed = self._change(_REMOVE, {"which": authenticator_id, "which_person": person_id}) == 1
        recount(self._connection, person_id)
        return removed

    def remove_all(self, person_id: str) -> int:
        """Removes all authenticators and recovery codes; how many authenticators there were."""
        lock_person(self._connection, person_id)
        self._change(_REMOVE_CODES, {"which": person_id})
        removed = self._change(_REMOVE_ALL, {"which": person_id})
        recount(self._connection, person_id)
        return removed

    def replace_recovery_codes(self, person_id: str, digests: Sequence[bytes]) -> None:
        """Removes all recovery codes of the person and adds these."""
        self._change(_REMOVE_CODES, {"which": person_id})
        if digests:
            self._connection.execute(_ADD_CODE, [{"person_id": person_id, "digest": each} for each in digests])

    def take_recovery_code(self, person_id: str, digest: bytes) -> bool:
        """Takes a recovery code, once."""
        return self._change(_TAKE_CODE, {"which": person_id, "which_digest": digest}) == 1

    def recovery_codes_left(self, person_id: str) -> int:
        """How many are left."""
        return self._connection.execute(_CODES_LEFT, {"which": person_id}).scalar_one()


def _authenticator_of(values: Sequence[Any]) -> Authenticator:
    id_, person_id, kind, sealed_secret, last_step, spent, created_at, used_at, issuer = values
    spent_steps = frozenset(map(int, spent.split())) if spent else frozenset()
    return Authenticator(id_, person_id, kind, sealed_secret, last_step, spent_steps, created_at, used_at, issuer)
