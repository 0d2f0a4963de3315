"""The tables of API tokens, their confirmations, and requests that are made once."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Table, UniqueConstraint

from totrinn.core.policy import Method
from totrinn.storage.columns import Choice, Exact, Instant, Text, Words
from totrinn.storage.tables import metadata

api_token = Table(
    "api_token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", sa.LargeBinary, nullable=False, unique=True),
    Column("organisation_id", Text, ForeignKey("organisation.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Words, nullable=False),
    Column("person_id", Text, ForeignKey("person.id", ondelete="CASCADE"), index=True),
    Column("made_by", Text, nullable=False),
    Column("method", Choice(Method)),
    Column("proven_at", Instant),
    Column("factor_at", Instant),
    Column("sso_organisation", Text),
    Column("sso_identity", Text),
    Column("sso_evidence", sa.Boolean),
    Column("sso_authenticated_at", Instant),
    Column("sso_session", Exact),
    Column("sso_ends_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("used_at", Instant),
    UniqueConstraint("organisation_id", "name"),
)

token_confirmation = Table(
    "token_confirmation",
    metadata,
    Column("digest", sa.LargeBinary, primary_key=True),
    Column("token_id", Text, ForeignKey("api_token.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("organisation_id", Text, ForeignKey("organisation.id"), nullable=False),
    Column("wish_on", sa.Boolean, nullable=False),
    Column("wish_from", Instant),
    Column("revision", sa.Integer, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

api_request = Table(
    "api_request",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("key", sa.LargeBinary, primary_key=True),
    Column("request", sa.LargeBinary, nullable=False),
    Column("status", sa.Integer),
    Column("answer", sa.LargeBinary),
    Column("begun_at", Instant, nullable=False, index=True),
)
