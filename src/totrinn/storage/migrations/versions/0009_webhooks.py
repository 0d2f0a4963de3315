"""Webhooks, and what is to be delivered by them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "webhook",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("address", _TEXT, nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary()),
        sa.Column("why_off", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger()),
        sa.Column("last_status", sa.Integer()),
        sa.Column("last_code", _TEXT),
        sa.Column("last_said", _TEXT),
        sa.Column("last_event", _TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_webhook_organisation_id"),
    )
    op.create_index("ix_webhook_organisation_id", "webhook", ["organisation_id"])
    op.create_table(
        "webhook_topic",
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("webhook_id", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "topic", "webhook_id", name="pk_webhook_topic"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_webhook_topic_organisation_id"),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], name="fk_webhook_topic_webhook_id", ondelete="CASCADE"),
    )
    op.create_index("ix_webhook_topic_webhook_id", "webhook_topic", ["webhook_id"])
    op.create_table(
        "webhook_delivery",
        sa.Column("webhook_id", _TEXT, nullable=False),
        sa.Column("event_id", _TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", "event_id", name="pk_webhook_delivery"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name="fk_webhook_delivery_webhook_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_webhook_delivery_due_at", "webhook_delivery", ["due_at"])
