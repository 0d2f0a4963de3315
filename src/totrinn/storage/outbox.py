"""Mails that are to be sent, written in the transaction of what they tell."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert, select

from totrinn.app import ports
from totrinn.app.records import Mail
from totrinn.storage.repository import Repository
from totrinn.storage.tables import outbox

_M = outbox.c
_MAIL = (_M.id, _M.kind, _M.recipient, _M.language, _M.content, _M.created_at, _M.person_id)
"""In the order of the fields of `Mail`."""
_PUT = insert(outbox)
_NEWEST = select(*_MAIL).order_by(_M.id.desc())
_WAITING = select(func.count()).select_from(outbox).where(_M.sent_at.is_(None))


class SqlOutbox(Repository, ports.Outbox):
    """Implements `ports.Outbox`."""

    __slots__ = ()

    def put(self, mail: Mail) -> None:
        """Adds a mail."""
        values = {
            "id": mail.id,
            "kind": mail.kind,
            "recipient": mail.recipient,
            "language": mail.language,
            "content": mail.values,
            "created_at": mail.created_at,
            "person_id": mail.person_id,
        }
        self._connection.execute(_PUT, values)

    def newest(self, *, limit: int) -> tuple[Mail, ...]:
        """The newest mails."""
        return tuple(_mail_of(row) for row in self._connection.execute(_NEWEST.limit(limit)))

    def waiting(self) -> int:
        """How many have not been sent."""
        return self._connection.execute(_WAITING).scalar_one()


def _mail_of(row: Sequence[Any]) -> Mail:
    return Mail(*row)
