"""Sealed columns, whatever they hold: which key each was sealed with, and the same secret under another key.

The id of the key stands in the sealed bytes, so that the database itself can count and find them.
"""

import sqlalchemy as sa

from totrinn.app.key_repositories import Sealed, SealedPlace, SealedRow
from totrinn.storage import grant_tables as g
from totrinn.storage import sso_tables as sso
from totrinn.storage import tables as t
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.webhook_tables import webhook

_KEY_FROM, _KEY_LETTERS = 3, 13
_COLUMNS: dict[SealedPlace, tuple[sa.Column[bytes], sa.Column[str]]] = {
    SealedPlace.PENDING_OF_SIGNIN: (t.signin.c.pending_secret, t.signin.c.person_id),
    SealedPlace.PENDING_OF_SESSION: (t.session.c.pending_secret, t.session.c.person_id),
    SealedPlace.CHALLENGE: (sso.sso_attempt.c.sealed_challenge, sso.sso_attempt.c.id),
    SealedPlace.CLIENT_SECRET: (sso.connection.c.sealed_secret, sso.connection.c.id),
    SealedPlace.CONNECTION_KEY: (sso.connection.c.sealed_key, sso.connection.c.id),
    SealedPlace.SIGNING_KEY: (g.signing_key.c.sealed_private, g.signing_key.c.id),
    SealedPlace.WEBHOOK_SECRET: (webhook.c.sealed_secret, webhook.c.id),
    SealedPlace.AUTHENTICATOR: (t.authenticator.c.sealed_secret, t.authenticator.c.person_id),
}
"""Each place, and the column of the same row that its secret is bound to."""


def _exchange(column: sa.Column[bytes]) -> sa.Update:
    is_this = is_which(column.table.c.id), is_which(column, "expected")
    return sa.update(column.table).where(*is_this).values({column.name: sa.bindparam("sealed", type_=column.type)})


_REPLACE = {place: _exchange(column) for place, (column, _) in _COLUMNS.items()}


class SqlSealed(Repository, Sealed):
    """Implements `ports.Sealed`."""

    __slots__ = ()

    def count_by_key(self, place: SealedPlace) -> dict[str, int]:
        """How many values are sealed with each key."""
        column, _ = _COLUMNS[place]
        key = _key_of(column)
        counted = sa.select(key, sa.func.count()).where(column.is_not(None)).group_by(key)
        return {bytes(id_).decode("ascii", "replace"): number for id_, number in self._connection.execute(counted)}

    def some_not_by(self, place: SealedPlace, key_id: str, *, after: str, limit: int) -> tuple[SealedRow, ...]:
        """The first rows after this one that are sealed with another key; those that others write now are left out."""
        column, bound_to = _COLUMNS[place]
        id_ = column.table.c.id
        found = (
            sa.select(id_, bound_to, column)
            .where(id_ > after, column.is_not(None), _key_of(column) != key_id.encode())
            .order_by(id_)
            .limit(limit)
            # Nobody is waited for, so that two who hold rows can never wait for each other.
            .with_for_update(skip_locked=True, key_share=True)
        )
        return tuple(SealedRow(*row) for row in self._connection.execute(found))

    def replace(self, place: SealedPlace, row: SealedRow, sealed: bytes) -> bool:
        """Puts these bytes in the place of those that were read; False when others stand there by now."""
        values = {"which": row.id, "expected": row.sealed, "sealed": sealed}
        return self._change(_REPLACE[place], values) == 1


def _key_of(column: sa.Column[bytes]) -> sa.ColumnElement[bytes]:
    return sa.type_coerce(sa.func.substr(column, _KEY_FROM, _KEY_LETTERS), sa.LargeBinary())
