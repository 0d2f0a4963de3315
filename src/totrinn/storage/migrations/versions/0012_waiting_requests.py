"""Requests wait in their ids; what stands in a row is what was done with them once."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Makes the table, and forgets what waits: it would have ended in minutes."""
    op.create_table(
        "request_mark",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_request_mark"),
    )
    op.create_index("ix_request_mark_expires_at", "request_mark", ["expires_at"])
    op.execute("DELETE FROM authorisation_request")
    op.drop_column("authorisation_request", "sent_away")
