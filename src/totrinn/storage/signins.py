"""Unfinished sign-ins: a table of their own, so that their cookies are worthless anywhere else (R53)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from totrinn.app import ports
from totrinn.app.records import OpenSignin, Signin
from totrinn.core.enrolment import Pending
from totrinn.core.policy import Proof
from totrinn.core.signin import State
from totrinn.storage.links import facts_of, facts_of_proof, meant, meant_by_provider
from totrinn.storage.proofs import (
    PROOF_LENGTH,
    pending_columns,
    pending_of,
    pending_values,
    proof_columns,
    proof_of,
    proof_values,
)
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.standing import STANDING, standing_of, with_standing
from totrinn.storage.tables import person, signin

_S = signin.c
_SIGNIN = (
    *proof_columns(signin), _S.id, _S.person_id, _S.organisation_id, _S.person_version, _S.state, _S.amr,
    *pending_columns(signin), _S.next, _S.created_at, _S.expires_at,
)  # fmt: skip
_SIGNIN_END = len(_SIGNIN)
_STANDING_END = _SIGNIN_END + len(STANDING)
_THIS = is_which(_S.id)

_FIND = (
    select(*_SIGNIN, *STANDING, facts_of_proof(signin))
    .select_from(with_standing(signin.join(person, person.c.id == _S.person_id), _S.organisation_id))
    .where(is_which(_S.digest))
)
_ADD = insert(signin)
_MOVE = update(signin).where(_THIS, _S.state == bindparam("expected_state"))
_SET = update(signin).where(_THIS)
_TAKE = delete(signin).where(_THIS)
_END_OF_PERSON = delete(signin).where(is_which(_S.person_id))
_END_THERE = _END_OF_PERSON.where(is_which(_S.organisation_id, "which_organisation"))
_END_MEANT = {given: delete(signin).where(*conditions) for given, conditions in meant_by_provider(signin).items()}


class SqlSignins(Repository, ports.Signins):
    """Implements `ports.Signins`."""

    __slots__ = ()

    def add(self, digest: bytes, signin: Signin) -> None:
        """Adds one."""
        values = {
            "id": signin.id,
            "digest": digest,
            "person_id": signin.person_id,
            "organisation_id": signin.organisation_id,
            "person_version": signin.person_version,
            "state": signin.state,
            **proof_values(signin.proof),
            "amr": signin.amr,
            **pending_values(signin.pending),
            "next": signin.next,
            "created_at": signin.created_at,
            "expires_at": signin.expires_at,
        }
        self._connection.execute(_ADD, values)

    def find(self, digest: bytes) -> OpenSignin | None:
        """The sign-in with its standing, in one statement; expired ones are found too."""
        row = self._connection.execute(_FIND, {"which": digest}).first()
        return None if row is None else _open_of(row)

    def move(
        self,
        signin_id: str,
        digest: bytes,
        *,
        expected_state: State,
        state: State,
        proof: Proof,
        amr: tuple[str, ...],
        organisation_id: str | None,
    ) -> bool:
        """Moves to another state under a new cookie, by one statement that holds only in the expected state."""
        values = {
            "which": signin_id,
            "expected_state": expected_state,
            "digest": digest,
            "state": state,
            **proof_values(proof),
            "amr": amr,
            "organisation_id": organisation_id,
        }
        return self._change(_MOVE, values) == 1

    def set_pending(self, signin_id: str, pending: Pending | None, state: State) -> None:
        """Stores or forgets the pending secret, with the state that goes with it."""
        self._change(_SET, {"which": signin_id, "state": state, **pending_values(pending)})

    def set_next(self, signin_id: str, next_: str) -> None:
        """Where the person goes on to when they have signed in."""
        self._change(_SET, {"which": signin_id, "next": next_})

    def take(self, signin_id: str) -> bool:
        """Ends the sign-in, once."""
        return self._change(_TAKE, {"which": signin_id}) == 1

    def end_of_person(self, person_id: str, *, organisation_id: str | None = None) -> int:
        """Ends a person's unfinished sign-ins (only those to `organisation_id`, if given)."""
        if organisation_id is None:
            return self._change(_END_OF_PERSON, {"which": person_id})
        return self._change(_END_THERE, {"which": person_id, "which_organisation": organisation_id})

    def end_of_provider(self, identity_id: str | None, names: Sequence[str], connection_id: str) -> int:
        """Ends those of this link and of these names, as far as they are given, that came by this connection."""
        given = meant(identity_id, names)
        if not given:
            return 0
        return self._change(_END_MEANT[frozenset(given)], {**given, "which_connection": connection_id})


def _open_of(row: Sequence[Any]) -> OpenSignin:
    return OpenSignin(
        signin=_signin_of(row[:_SIGNIN_END]),
        standing=standing_of(row[_SIGNIN_END:_STANDING_END]),
        connection=facts_of(row[_STANDING_END]),
    )


def _signin_of(values: Sequence[Any]) -> Signin:
    (
        id_, person_id, organisation_id, person_version, state, amr, pending_secret, pending_expires_at, next_,
        created_at, expires_at,
    ) = values[PROOF_LENGTH:]  # fmt: skip
    return Signin(
        id=id_,
        person_id=person_id,
        organisation_id=organisation_id,
        person_version=person_version,
        state=state,
        proof=proof_of(values[:PROOF_LENGTH]),
        amr=amr,
        pending=pending_of((pending_secret, pending_expires_at)),
        next=next_,
        created_at=created_at,
        expires_at=expires_at,
    )
