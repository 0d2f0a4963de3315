"""The tables of the gate: passes, which stand for a session on one host, and tickets, which become passes."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table

from totrinn.storage.columns import Exact, Instant, Text
from totrinn.storage.tables import metadata


def _session() -> Column[str]:
    """Whatever ends the session ends this, too; it follows the session to a new id."""
    ends = ForeignKey("session.id", ondelete="CASCADE", onupdate="CASCADE")
    return Column("session_id", Text, ends, nullable=False)


def _application() -> Column[str]:
    return Column("application_id", Text, ForeignKey("application.id", ondelete="CASCADE"), nullable=False, index=True)


# The application stands here, too: a host that has gone to another one is not opened by what was given for the first.
gate_pass = Table(
    "gate_pass",
    metadata,
    Column("digest", sa.LargeBinary, primary_key=True),
    Column("host", Text, nullable=False),
    _application(),
    _session(),
    Column("created_at", Instant, nullable=False),
    Index("ix_gate_pass_session_id", "session_id", "host"),
)

gate_ticket = Table(
    "gate_ticket",
    metadata,
    Column("digest", sa.LargeBinary, primary_key=True),
    Column("host", Text, nullable=False),
    _application(),
    Column("start", sa.LargeBinary, nullable=False),
    Column("path", Exact, nullable=False),
    _session(),
    Column("expires_at", Instant, nullable=False),
    Index("ix_gate_ticket_session_id", "session_id"),
)
