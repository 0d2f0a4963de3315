"""The tables that SSO alone needs: connections, domains, links, sign-ins at a provider, and tokens that are spent.

The provider's secret and our key stand here sealed. What a sign-in through SSO has proven stands with the session.
"""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table

from totrinn.app.identity_providers import ProviderKind
from totrinn.app.sso_records import AttemptPurpose
from totrinn.storage.columns import Choice, Exact, Instant, Text
from totrinn.storage.tables import metadata

connection = Table(
    "connection",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisation.id"), nullable=False, index=True),
    Column("kind", Choice(ProviderKind), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_order", Text, nullable=False),
    Column("is_enabled", sa.Boolean, nullable=False),
    # One of the rules, repeated so that the check of a session can read it.
    Column("demands_evidence", sa.Boolean, nullable=False),
    Column("revision", sa.Integer, nullable=False),
    Column("settings", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("sealed_secret", sa.LargeBinary),
    Column("sealed_key", sa.LargeBinary, nullable=False),
    Column("test", Text),
    Column("created_at", Instant, nullable=False),
    # For links, whose organisation can thus be no other than their connection's.
    sa.UniqueConstraint("id", "organisation_id"),
)

domain = Table(
    "domain",
    metadata,
    Column("organisation_id", Text, ForeignKey("organisation.id"), primary_key=True),
    Column("name", Text, primary_key=True, index=True),
    Column("connection_id", Text, ForeignKey("connection.id", ondelete="SET NULL"), index=True),
    Column("challenge", Text, nullable=False),
    Column("proven_at", Instant),
    Column("proven_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

sso_identity = Table(
    "sso_identity",
    metadata,
    Column("id", Text, primary_key=True),
    Column("connection_id", Text, nullable=False),
    Column("organisation_id", Text, nullable=False),
    Column("subject", Exact, nullable=False),
    Column("person_id", Text, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=False),
    sa.ForeignKeyConstraint(
        ["connection_id", "organisation_id"], ["connection.id", "connection.organisation_id"], ondelete="CASCADE"
    ),
    sa.UniqueConstraint("connection_id", "subject"),
    Index(None, "organisation_id", "person_id"),
)

sso_attempt = Table(
    "sso_attempt",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", sa.LargeBinary, nullable=False, unique=True),
    Column("connection_id", Text, ForeignKey("connection.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("connection_revision", sa.Integer, nullable=False),
    Column("purpose", Choice(AttemptPurpose), nullable=False),
    Column("browser", sa.LargeBinary, nullable=False),
    Column("sealed_challenge", sa.LargeBinary, nullable=False),
    Column("answer", Exact, nullable=False, server_default=""),
    Column("next", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

# A token stays spent when its connection has gone: no foreign key.
spent_token = Table(
    "spent_token",
    metadata,
    Column("connection_id", Text, primary_key=True),
    Column("token", sa.LargeBinary, primary_key=True),
    Column("expires_at", Instant, nullable=False, index=True),
)

sso_day = Table(
    "sso_day",
    metadata,
    Column("connection_id", Text, ForeignKey("connection.id", ondelete="CASCADE"), primary_key=True),
    # The day of the proleptic Gregorian calendar, as Python numbers them.
    Column("day", sa.Integer, primary_key=True, autoincrement=False),
    Column("with_evidence", sa.Integer, nullable=False),
    Column("without_evidence", sa.Integer, nullable=False),
)
