"""API tokens, each found together with its maker's standing, in one statement; and requests that are made once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as insert_unless  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.token_records import ApiToken, LiveToken
from totrinn.app.token_repository import Answered
from totrinn.core.api_tokens import Scope
from totrinn.storage.links import facts_of, facts_of_proof
from totrinn.storage.proofs import PROOF_LENGTH, proof_columns, proof_of, proof_values
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.standing import ORGANISATION, STANDING, found_organisation, standing_of, with_standing
from totrinn.storage.tables import person
from totrinn.storage.token_tables import api_request, api_token

_T, _R = api_token.c, api_request.c
_TOKEN = (
    *proof_columns(api_token), _T.id, _T.organisation_id, _T.name, _T.scopes, _T.person_id, _T.made_by,
    _T.created_at, _T.ends_at, _T.used_at,
)  # fmt: skip
_TOKEN_END = len(_TOKEN)
_STANDING_END = _TOKEN_END + len(STANDING)
_ORGANISATION_START = _STANDING_END - len(ORGANISATION)

_LIVE = select(*_TOKEN, *STANDING, facts_of_proof(api_token)).select_from(
    with_standing(api_token.outerjoin(person, person.c.id == _T.person_id), _T.organisation_id)
)
_FIND = _LIVE.where(is_which(_T.digest))
_FIND_BY_ID = _LIVE.where(is_which(_T.id))
_OF_ORGANISATION = _LIVE.where(is_which(_T.organisation_id)).order_by(_T.created_at.desc(), _T.id.desc())
_ADD = insert_unless(api_token).on_conflict_do_nothing(index_elements=["organisation_id", "name"]).returning(_T.id)
_USED = update(api_token).where(is_which(_T.id))
_END = delete(api_token).where(is_which(_T.id), is_which(_T.organisation_id, "which_organisation")).returning(*_TOKEN)
_END_OF_PERSON = delete(api_token).where(is_which(_T.person_id))
_NO_PROOF: dict[str, Any] = dict.fromkeys(column.name for column in proof_columns(api_token))

_THIS_REQUEST = (is_which(_R.caller, "which_caller"), is_which(_R.key, "which_key"))
_BEGIN = insert_unless(api_request).on_conflict_do_nothing(index_elements=["caller", "key"]).returning(_R.caller)
_FORGET = delete(api_request).where(_R.begun_at < bindparam("expected_before", type_=_R.begun_at.type))
_FIND_REQUEST = select(_R.request, _R.status, _R.answer).where(*_THIS_REQUEST)
_FINISH = update(api_request).where(*_THIS_REQUEST)
_GIVE_UP = delete(api_request).where(*_THIS_REQUEST)


class SqlApiTokens(Repository, ports.ApiTokens):
    """Implements `ports.ApiTokens`."""

    __slots__ = ()

    def add(self, digest: bytes, token: ApiToken) -> bool:
        """Adds one; False when the organisation has one of that name."""
        values = {
            "digest": digest,
            "id": token.id,
            "organisation_id": token.organisation_id,
            "name": token.name,
            "scopes": tuple(sorted(token.scopes)),
            "person_id": token.person_id,
            "made_by": token.made_by,
            **(_NO_PROOF if token.proof is None else proof_values(token.proof)),
            "created_at": token.created_at,
            "ends_at": token.ends_at,
            "used_at": token.used_at,
        }
        return self._has_row(_ADD, values)

    def find(self, digest: bytes) -> LiveToken | None:
        """The token with its maker's standing, in one statement; expired ones are found too."""
        row = self._connection.execute(_FIND, {"which": digest}).first()
        return None if row is None else _live_of(row)

    def find_by_id(self, token_id: str) -> LiveToken | None:
        """The same, by the token's id."""
        row = self._connection.execute(_FIND_BY_ID, {"which": token_id}).first()
        return None if row is None else _live_of(row)

    def of_organisation(self, organisation_id: str) -> tuple[LiveToken, ...]:
        """All tokens of an organisation, the newest first."""
        return tuple(_live_of(row) for row in self._connection.execute(_OF_ORGANISATION, {"which": organisation_id}))

    def used(self, token_id: str, at: datetime) -> None:
        """Remembers when it was last used."""
        self._change(_USED, {"which": token_id, "used_at": at})

    def end(self, organisation_id: str, token_id: str) -> ApiToken | None:
        """Deletes one of this organisation, once; None when there is none."""
        row = self._connection.execute(_END, {"which": token_id, "which_organisation": organisation_id}).first()
        return None if row is None else _token_of(row)

    def end_of_person(self, person_id: str) -> int:
        """Deletes those that a person has made; how many there were."""
        return self._change(_END_OF_PERSON, {"which": person_id})


class SqlRepeatedRequests(Repository, ports.RepeatedRequests):
    """Implements `ports.RepeatedRequests`."""

    __slots__ = ()

    def begin(self, caller: str, key: bytes, request: bytes, *, now: datetime, forget_before: datetime) -> bool:
        """Takes the key, once; False when the caller has used it since. Older ones are forgotten."""
        self._connection.execute(_FORGET, {"expected_before": forget_before})
        values = {"caller": caller, "key": key, "request": request, "begun_at": now}
        return self._has_row(_BEGIN, {**values, "status": None, "answer": None})

    def find(self, caller: str, key: bytes) -> Answered | None:
        """What was made of the key."""
        row = self._connection.execute(_FIND_REQUEST, {"which_caller": caller, "which_key": key}).first()
        return None if row is None else Answered(*row)

    def finish(self, caller: str, key: bytes, *, status: int, answer: bytes | None) -> None:
        """Keeps the answer."""
        self._change(_FINISH, {"which_caller": caller, "which_key": key, "status": status, "answer": answer})

    def give_up(self, caller: str, key: bytes) -> None:
        """Forgets a request that came to nothing."""
        self._change(_GIVE_UP, {"which_caller": caller, "which_key": key})


def _live_of(row: Sequence[Any]) -> LiveToken:
    token = _token_of(row[:_TOKEN_END])
    return LiveToken(
        token=token,
        organisation=found_organisation(row[_ORGANISATION_START:_STANDING_END]),
        maker=None if token.person_id is None else standing_of(row[_TOKEN_END:_STANDING_END]),
        connection=facts_of(row[_STANDING_END]),
    )


def _token_of(values: Sequence[Any]) -> ApiToken:
    id_, organisation_id, name, scopes, person_id, made_by, created_at, ends_at, used_at = values[PROOF_LENGTH:]
    return ApiToken(
        id=id_,
        organisation_id=organisation_id,
        name=name,
        scopes=frozenset(map(Scope, scopes)),
        person_id=person_id,
        made_by=made_by,
        proof=None if values[0] is None else proof_of(values[:PROOF_LENGTH]),
        created_at=created_at,
        ends_at=ends_at,
        used_at=used_at,
    )
