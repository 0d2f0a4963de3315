"""Requests that stand in rows, and what applications have signed to prove themselves: each is taken once."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_once  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.applications.grant_records import Asked, StoredRequest
from totrinn.storage.grant_tables import authorisation_request, request_mark, spent_assertion
from totrinn.storage.repository import Repository, is_which

_R = authorisation_request.c
_THIS = is_which(_R.digest)
_REQUEST = (_R.asked, _R.created_at, _R.expires_at)
_ADD = insert(authorisation_request)
_FIND = select(*_REQUEST).where(_THIS)
_TAKE = delete(authorisation_request).where(_THIS).returning(*_REQUEST)
_MARK = insert_once(request_mark).on_conflict_do_nothing(index_elements=["digest"]).returning(request_mark.c.digest)
_IS_MARKED = select(1).where(is_which(request_mark.c.digest))
_SPEND = (
    insert_once(spent_assertion)
    .on_conflict_do_nothing(index_elements=["application_id", "jti"])
    .returning(spent_assertion.c.jti)
)


class SqlRequests(Repository, ports.Requests):
    """Implements `ports.Requests`."""

    __slots__ = ()

    def add(self, digest: bytes, request: StoredRequest) -> None:
        """Adds one."""
        values = {
            "digest": digest,
            "application_id": request.asked.application_id,
            "asked": json.dumps(asdict(request.asked)),
            "created_at": request.created_at,
            "expires_at": request.expires_at,
        }
        self._connection.execute(_ADD, values)

    def find(self, digest: bytes) -> StoredRequest | None:
        """Looks at one without ending it; expired ones are found too."""
        row = self._connection.execute(_FIND, {"which": digest}).first()
        return None if row is None else _request_of(row)

    def take(self, digest: bytes) -> StoredRequest | None:
        """Takes it, once."""
        row = self._connection.execute(_TAKE, {"which": digest}).first()
        return None if row is None else _request_of(row)

    def mark(self, digest: bytes, expires_at: datetime) -> bool:
        """Remembers that something was done, once; False when it had been, as the primary key says."""
        return self._has_row(_MARK, {"digest": digest, "expires_at": expires_at})

    def is_marked(self, digest: bytes) -> bool:
        """Whether it was."""
        return self._has_row(_IS_MARKED, {"which": digest})


class SqlAssertions(Repository, ports.Assertions):
    """Implements `ports.Assertions`. What is stored of a `jti` is its SHA-256."""

    __slots__ = ()

    def take(self, application_id: str, jti: str, expires_at: datetime) -> bool:
        """Takes one, once; False when it was taken before, as the primary key says."""
        digest = hashlib.sha256(jti.encode(errors="surrogatepass")).digest()
        values = {"application_id": application_id, "jti": digest, "expires_at": expires_at}
        return self._has_row(_SPEND, values)


def _request_of(row: Sequence[Any]) -> StoredRequest:
    asked, created_at, expires_at = row
    members: dict[str, Any] = json.loads(asked)
    members |= {name: tuple(value) for name, value in members.items() if isinstance(value, list)}
    return StoredRequest(Asked(**members), created_at, expires_at)
