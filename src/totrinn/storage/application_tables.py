"""The tables of applications: what is agreed with each, its secrets as digests, its hosts behind the gate."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table

from totrinn.app.applications.records import ClientAuthentication, SigningAlgorithm
from totrinn.storage.columns import Choice, Exact, Instant, Text, Words
from totrinn.storage.tables import metadata

_WITH_HOME = sa.text("home <> ''")

application = Table(
    "application",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_order", Text, nullable=False),
    Column("redirect_uris", Words, nullable=False),
    Column("logout_uris", Words, nullable=False),
    Column("back_channel", Exact, nullable=False),
    Column("events", Exact, nullable=False, server_default=""),
    Column("home", Exact, nullable=False),
    Column("authentication", Choice(ClientAuthentication), nullable=False),
    Column("public_keys", Text, nullable=False),
    Column("signing", Choice(SigningAlgorithm), nullable=False),
    Column("requires_pushed", sa.Boolean, nullable=False),
    Column("is_enabled", sa.Boolean, nullable=False),
    Column("revision", sa.Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_application_homes", "name_order", "id", sqlite_where=_WITH_HOME, postgresql_where=_WITH_HOME),
)

application_host = Table(
    "application_host",
    metadata,
    Column("host", Text, primary_key=True),
    Column("application_id", Text, ForeignKey("application.id", ondelete="CASCADE"), nullable=False, index=True),
)

application_secret = Table(
    "application_secret",
    metadata,
    Column("application_id", Text, ForeignKey("application.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", sa.LargeBinary, primary_key=True),
    Column("created_at", Instant, nullable=False),
    Column("ends_at", Instant),
)
