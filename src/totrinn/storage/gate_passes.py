"""Tickets and passes of the gate."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert

from totrinn.app import ports
from totrinn.app.gate.records import Ticket
from totrinn.storage.gate_tables import gate_pass, gate_ticket
from totrinn.storage.repository import Repository, is_which

_P, _T = gate_pass.c, gate_ticket.c

_TICKET = (_T.host, _T.application_id, _T.start, _T.path, _T.session_id, _T.expires_at)
"""In the order of the fields of `Ticket`."""
_ADD_TICKET = insert(gate_ticket)
_TAKE_TICKET = delete(gate_ticket).where(is_which(_T.digest)).returning(*_TICKET)
_ADD = insert(gate_pass)
_END_OLDER = delete(gate_pass).where(
    is_which(_P.session_id),
    is_which(_P.host, "which_host"),
    _P.created_at < bindparam("than", type_=_P.created_at.type),
)


class SqlPasses(Repository, ports.Passes):
    """Implements `ports.Passes`."""

    __slots__ = ()

    def add_ticket(self, digest: bytes, ticket: Ticket) -> None:
        """Adds a ticket."""
        values = {
            "digest": digest,
            "host": ticket.host,
            "application_id": ticket.application_id,
            "start": ticket.start,
            "path": ticket.path,
            "session_id": ticket.session_id,
            "expires_at": ticket.expires_at,
        }
        self._connection.execute(_ADD_TICKET, values)

    def take_ticket(self, digest: bytes) -> Ticket | None:
        """Takes it, once; expired ones are found too."""
        row = self._connection.execute(_TAKE_TICKET, {"which": digest}).first()
        return None if row is None else Ticket(*row)

    def add(self, digest: bytes, ticket: Ticket, now: datetime) -> None:
        """Adds the pass that a ticket becomes."""
        values = {
            "digest": digest,
            "host": ticket.host,
            "application_id": ticket.application_id,
            "session_id": ticket.session_id,
            "created_at": now,
        }
        self._connection.execute(_ADD, values)

    def end_older(self, session_id: str, host: str, *, than: datetime) -> None:
        """Ends the passes that this session was given on this host before."""
        self._change(_END_OLDER, {"which": session_id, "which_host": host, "than": than})
