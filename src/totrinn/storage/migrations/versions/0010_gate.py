"""Passes of the gate, and the tickets that become passes."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "gate_pass",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("host", _TEXT, nullable=False),
        sa.Column("application_id", _TEXT, nullable=False),
        sa.Column("session_id", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_gate_pass"),
        *_references("gate_pass"),
    )
    op.create_table(
        "gate_ticket",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("host", _TEXT, nullable=False),
        sa.Column("application_id", _TEXT, nullable=False),
        sa.Column("start", sa.LargeBinary(), nullable=False),
        sa.Column("path", _TEXT, nullable=False),
        sa.Column("session_id", _TEXT, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_gate_ticket"),
        *_references("gate_ticket"),
    )
    op.create_index("ix_gate_pass_session_id", "gate_pass", ["session_id", "host"])
    op.create_index("ix_gate_pass_application_id", "gate_pass", ["application_id"])
    op.create_index("ix_gate_ticket_session_id", "gate_ticket", ["session_id"])
    op.create_index("ix_gate_ticket_application_id", "gate_ticket", ["application_id"])


def _references(table: str) -> tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=f"fk_{table}_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=f"fk_{table}_session_id", ondelete="CASCADE", onupdate="CASCADE"
        ),
    )
