"""The tables of what applications were given: requests, grants, codes and tokens as digests, our keys for tokens.

Codes and tokens hang on what one answer gave, that on its grant, and the grant on its session: when a session ends, by
whatever statement, the database itself takes the session out of its grants, and none of their tokens is worth anything.
"""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from totrinn.app.applications.grant_records import WhyEnded
from totrinn.app.applications.records import SigningAlgorithm
from totrinn.core.authorising import Acr
from totrinn.storage.columns import Choice, Exact, Instant, Text, Words
from totrinn.storage.tables import metadata

authorisation_request = Table(
    "authorisation_request",
    metadata,
    Column("digest", sa.LargeBinary, primary_key=True),
    Column("application_id", Text, ForeignKey("application.id", ondelete="CASCADE"), nullable=False, index=True),
    # As JSON in ASCII: what applications wrote comes back to them unchanged.
    Column("asked", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

# What was done once with a request, wherever it waits: it was answered, or its person sent to their provider.
request_mark = Table(
    "request_mark",
    metadata,
    Column("digest", sa.LargeBinary, primary_key=True),
    Column("expires_at", Instant, nullable=False, index=True),
)

_OVER = sa.text("session_id IS NULL")

application_grant = Table(
    "application_grant",
    metadata,
    Column("id", Text, primary_key=True),
    Column("application_id", Text, ForeignKey("application.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("session_id", Text, ForeignKey("session.id", onupdate="CASCADE", ondelete="SET NULL")),
    Column("person_id", Text, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("organisation_id", Text, ForeignKey("organisation.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    # Of one that is over: since when, and why where that is known.
    Column("ended_at", Instant),
    Column("why", Choice(WhyEnded)),
    # For each channel: when its application is to be told next, if it is still to be, and how often it was tried.
    Column("logout_at", Instant),
    Column("logout_attempts", sa.Integer, nullable=False),
    Column("event_at", Instant),
    Column("event_attempts", sa.Integer, nullable=False, server_default="0"),
    UniqueConstraint("session_id", "application_id"),
    Index(None, "organisation_id", "session_id"),
    Index("ix_application_grant_logout", "logout_at", sqlite_where=_OVER, postgresql_where=_OVER),
    Index("ix_application_grant_event", "event_at", sqlite_where=_OVER, postgresql_where=_OVER),
)

authorisation = Table(
    "authorisation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", sa.LargeBinary, nullable=False, unique=True),
    Column("grant_id", Text, ForeignKey("application_grant.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("redirect_uri", Exact, nullable=False),
    Column("challenge", Exact, nullable=False),
    Column("nonce", Exact, nullable=False),
    Column("scopes", Words, nullable=False),
    Column("auth_time", Instant, nullable=False),
    Column("level", Choice(Acr), nullable=False),
    Column("amr", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

access_token = Table(
    "access_token",
    metadata,
    Column("digest", sa.LargeBinary, primary_key=True),
    Column("authorisation_id", Text, ForeignKey("authorisation.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("scopes", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

refresh_token = Table(
    "refresh_token",
    metadata,
    Column("digest", sa.LargeBinary, primary_key=True),
    Column("authorisation_id", Text, ForeignKey("authorisation.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
)

spent_assertion = Table(
    "spent_assertion",
    metadata,
    Column("application_id", Text, ForeignKey("application.id", ondelete="CASCADE"), primary_key=True),
    Column("jti", sa.LargeBinary, primary_key=True),
    Column("expires_at", Instant, nullable=False, index=True),
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("algorithm", Choice(SigningAlgorithm), nullable=False),
    Column("sealed_private", sa.LargeBinary, nullable=False),
    Column("public", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("signs_from", Instant, nullable=False),
)

sweep = Table(
    "sweep",
    metadata,
    Column("organisation_id", Text, ForeignKey("organisation.id"), primary_key=True),
    Column("due_at", Instant, primary_key=True),
    # Whoever is at it has it until then.
    Column("free_at", Instant, nullable=False, index=True),
)
