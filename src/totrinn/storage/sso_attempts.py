"""What waits for an answer of a provider or has one, and the tokens that were accepted: each is taken once (R80)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as insert_once  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.sso_records import SsoAttempt
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.sso_tables import spent_token, sso_attempt

_A = sso_attempt.c
_THIS = is_which(_A.digest)

_ATTEMPT = (
    _A.id, _A.connection_id, _A.connection_revision, _A.purpose, _A.browser, _A.sealed_challenge, _A.answer, _A.next,
    _A.created_at, _A.expires_at,
)  # fmt: skip
"""In the order of the fields of `SsoAttempt`."""
_ADD = insert_once(sso_attempt).on_conflict_do_nothing(index_elements=["digest"]).returning(_A.id)
_FIND = select(*_ATTEMPT).where(_THIS)
_KEEP_ANSWER = update(sso_attempt).where(_THIS, _A.answer == "", _A.expires_at > bindparam("expected_after"))
_TAKE = delete(sso_attempt).where(_THIS).returning(*_ATTEMPT)

_SPEND = (
    insert_once(spent_token)
    .on_conflict_do_nothing(index_elements=["connection_id", "token"])
    .returning(spent_token.c.token)
)

_HAS = select(1).where(is_which(spent_token.c.connection_id), is_which(spent_token.c.token, "which_token"))


class SqlSsoAttempts(Repository, ports.SsoAttempts):
    """Implements `ports.SsoAttempts`."""

    __slots__ = ()

    def add(self, digest: bytes, attempt: SsoAttempt) -> bool:
        """Adds one; False when there is one of this state, as the database says."""
        values = {
            "id": attempt.id,
            "digest": digest,
            "connection_id": attempt.connection_id,
            "connection_revision": attempt.connection_revision,
            "purpose": attempt.purpose,
            "browser": attempt.browser,
            "sealed_challenge": attempt.sealed_challenge,
            "answer": attempt.answer,
            "next": attempt.next,
            "created_at": attempt.created_at,
            "expires_at": attempt.expires_at,
        }
        return self._has_row(_ADD, values)

    def find(self, digest: bytes) -> SsoAttempt | None:
        """Looks at one without ending it; expired ones are found too."""
        row = self._connection.execute(_FIND, {"which": digest}).first()
        return None if row is None else _attempt_of(row)

    def keep_answer(self, digest: bytes, answer: str, now: datetime) -> bool:
        """Keeps the answer by one statement that holds only while there is none yet and the attempt is not over."""
        return self._change(_KEEP_ANSWER, {"which": digest, "answer": answer, "expected_after": now}) == 1

    def take(self, digest: bytes) -> SsoAttempt | None:
        """Takes it, once."""
        row = self._connection.execute(_TAKE, {"which": digest}).first()
        return None if row is None else _attempt_of(row)


class SqlSpentTokens(Repository, ports.SpentTokens):
    """Implements `ports.SpentTokens`. What is stored of a token's id is its SHA-256."""

    __slots__ = ()

    def take(self, connection_id: str, token_id: str, expires_at: datetime) -> bool:
        """Takes a token, once; False when it was taken before, as the primary key says."""
        values = {"connection_id": connection_id, "token": _digest(token_id), "expires_at": expires_at}
        return self._has_row(_SPEND, values)

    def has(self, connection_id: str, token_id: str) -> bool:
        """Whether it was taken."""
        return self._has_row(_HAS, {"which": connection_id, "which_token": _digest(token_id)})


def _digest(token_id: str) -> bytes:
    return hashlib.sha256(token_id.encode(errors="surrogatepass")).digest()


def _attempt_of(values: Sequence[Any]) -> SsoAttempt:
    return SsoAttempt(*values)
