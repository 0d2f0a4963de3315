"""What single answers gave: codes, access tokens and refresh tokens, all under digests; each is used once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_once  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.applications.grant_records import Authorisation, Grant, StoredToken
from totrinn.storage.grant_tables import access_token, application_grant, authorisation, refresh_token
from totrinn.storage.grants import GRANT
from totrinn.storage.repository import Repository, is_which

_A, _T, _R = authorisation.c, access_token.c, refresh_token.c
_THIS = is_which(_A.id)
_AUTHORISATION = (
    _A.id, _A.redirect_uri, _A.challenge, _A.nonce, _A.scopes, _A.auth_time, _A.level, _A.amr, _A.expires_at,
    _A.used_at,
)  # fmt: skip
_GIVEN = len(GRANT) + len(_AUTHORISATION)
_WITH_GRANT = authorisation.join(application_grant, application_grant.c.id == _A.grant_id)

_ADD = insert(authorisation)
_FIND = select(*GRANT, *_AUTHORISATION).select_from(_WITH_GRANT).where(is_which(_A.digest))
_USE = update(authorisation).where(_THIS, _A.used_at.is_(None))
# Changes nothing, and waits for whoever changes the row: so of one answer's tokens one is exchanged at a time.
_HOLD = update(authorisation).where(_THIS).values(level=_A.level)
_END = delete(authorisation).where(_THIS)
_ADD_ACCESS = insert(access_token)
_FIND_ACCESS = (
    select(*GRANT, *_AUTHORISATION, _T.scopes, _T.created_at, _T.expires_at)
    .select_from(_WITH_GRANT.join(access_token, _T.authorisation_id == _A.id))
    .where(is_which(_T.digest))
)
_END_ACCESS = delete(access_token).where(is_which(_T.digest))
_ADD_REFRESH = insert_once(refresh_token).on_conflict_do_nothing(index_elements=["digest"])
_FIND_REFRESH = (
    select(*GRANT, *_AUTHORISATION, _R.created_at, _R.used_at)
    .select_from(_WITH_GRANT.join(refresh_token, _R.authorisation_id == _A.id))
    .where(is_which(_R.digest))
)
_USE_REFRESH = update(refresh_token).where(is_which(_R.digest), _R.used_at.is_(None))


class SqlAuthorisations(Repository, ports.Authorisations):
    """Implements `ports.Authorisations`."""

    __slots__ = ()

    def add(self, digest: bytes, authorisation: Authorisation, now: datetime) -> None:
        """Adds one under the digest of its code."""
        values = {
            "id": authorisation.id,
            "digest": digest,
            "grant_id": authorisation.grant.id,
            "redirect_uri": authorisation.redirect_uri,
            "challenge": authorisation.challenge,
            "nonce": authorisation.nonce,
            "scopes": authorisation.scopes,
            "auth_time": authorisation.auth_time,
            "level": authorisation.level,
            "amr": authorisation.amr,
            "created_at": now,
            "expires_at": authorisation.expires_at,
        }
        self._connection.execute(_ADD, values)

    def find(self, digest: bytes) -> Authorisation | None:
        """The one of this code, used or not."""
        row = self._connection.execute(_FIND, {"which": digest}).first()
        return None if row is None else _authorisation_of(row)

    def use(self, authorisation_id: str, now: datetime) -> bool:
        """Uses its code, once."""
        return self._change(_USE, {"which": authorisation_id, "used_at": now}) == 1

    def hold(self, authorisation_id: str) -> bool:
        """Makes others who exchange its tokens wait until this transaction ends; False when it has ended."""
        return self._change(_HOLD, {"which": authorisation_id}) == 1

    def end(self, authorisation_id: str) -> None:
        """Ends it with all its tokens."""
        self._change(_END, {"which": authorisation_id})

    def add_access(
        self, digest: bytes, authorisation_id: str, scopes: tuple[str, ...], *, now: datetime, expires_at: datetime
    ) -> None:
        """Adds an access token."""
        values = {"authorisation_id": authorisation_id, "scopes": scopes, "created_at": now, "expires_at": expires_at}
        self._connection.execute(_ADD_ACCESS, {"digest": digest, **values})

    def find_access(self, digest: bytes) -> StoredToken | None:
        """An access token; expired ones are found too."""
        row = self._connection.execute(_FIND_ACCESS, {"which": digest}).first()
        if row is None:
            return None
        scopes, created_at, expires_at = row[_GIVEN:]
        return StoredToken(_authorisation_of(row), scopes, created_at, expires_at=expires_at)

    def end_access(self, digest: bytes) -> None:
        """Ends one access token."""
        self._change(_END_ACCESS, {"which": digest})

    def add_refresh(self, digest: bytes, authorisation_id: str, now: datetime) -> None:
        """Adds a refresh token, unless it is there."""
        values = {"digest": digest, "authorisation_id": authorisation_id, "created_at": now}
        self._connection.execute(_ADD_REFRESH, values)

    def find_refresh(self, digest: bytes) -> StoredToken | None:
        """A refresh token, used or not."""
        row = self._connection.execute(_FIND_REFRESH, {"which": digest}).first()
        if row is None:
            return None
        created_at, used_at = row[_GIVEN:]
        found = _authorisation_of(row)
        return StoredToken(found, found.scopes, created_at, used_at=used_at)

    def use_refresh(self, digest: bytes, now: datetime) -> bool:
        """Uses a refresh token, once."""
        return self._change(_USE_REFRESH, {"which": digest, "used_at": now}) == 1


def _authorisation_of(row: Sequence[Any]) -> Authorisation:
    id_, redirect_uri, challenge, nonce, scopes, auth_time, level, amr, expires_at, used_at = row[len(GRANT) : _GIVEN]
    return Authorisation(
        id=id_,
        grant=Grant(*row[: len(GRANT)]),
        redirect_uri=redirect_uri,
        challenge=challenge,
        nonce=nonce,
        scopes=scopes,
        auth_time=auth_time,
        level=level,
        amr=amr,
        expires_at=expires_at,
        is_used=used_at is not None,
    )
