"""Applications may be told of ended sessions by events, too, and why they ended."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_OVER = sa.text("session_id IS NULL")


def upgrade() -> None:
    """What was to be told stays to be told as it was; earlier applications have no address for events."""
    op.add_column("application", sa.Column("events", _TEXT, nullable=False, server_default=""))
    op.add_column("application_grant", sa.Column("why", sa.Text()))
    op.add_column("application_grant", sa.Column("logout_at", sa.BigInteger()))
    op.add_column("application_grant", sa.Column("event_at", sa.BigInteger()))
    op.add_column("application_grant", sa.Column("event_attempts", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE application_grant SET logout_at = tell_at, event_at = tell_at")
    op.drop_index("ix_application_grant_over", "application_grant")
    op.execute("ALTER TABLE application_grant DROP COLUMN tell_at")
    op.execute("ALTER TABLE application_grant RENAME COLUMN attempts TO logout_attempts")
    for name, column in (("logout", "logout_at"), ("event", "event_at")):
        op.create_index(
            f"ix_application_grant_{name}", "application_grant", [column], sqlite_where=_OVER, postgresql_where=_OVER
        )
