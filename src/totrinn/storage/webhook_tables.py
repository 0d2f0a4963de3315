"""The tables of webhooks: where events are sent, which, and what is yet to be delivered."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table

from totrinn.app.webhooks.records import WhyOff
from totrinn.core.topics import Topic
from totrinn.storage.columns import Choice, Exact, Instant, Text, Words
from totrinn.storage.tables import metadata

webhook = Table(
    "webhook",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisation.id"), nullable=False, index=True),
    Column("address", Exact, nullable=False),
    Column("topics", Words, nullable=False),
    Column("sealed_secret", sa.LargeBinary),
    Column("why_off", Choice(WhyOff)),
    Column("created_at", Instant, nullable=False),
    Column("failing_since", Instant),
    Column("failures", sa.Integer, nullable=False),
    Column("last_at", Instant),
    Column("last_status", sa.Integer),
    Column("last_code", Text),
    Column("last_said", Text),
    Column("last_event", Text),
)

# What those that are on want to hear of: the one thing that is looked at with every event that is written.
webhook_topic = Table(
    "webhook_topic",
    metadata,
    Column("organisation_id", Text, ForeignKey("organisation.id"), primary_key=True),
    Column("topic", Choice(Topic), primary_key=True),
    Column("webhook_id", Text, ForeignKey("webhook.id", ondelete="CASCADE"), primary_key=True, index=True),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("webhook_id", Text, ForeignKey("webhook.id", ondelete="CASCADE"), primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("attempts", sa.Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "due_at"),
)
