"""API tokens, what they are to confirm, and requests that are made once."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "api_token",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("person_id", _TEXT, nullable=True),
        sa.Column("made_by", _TEXT, nullable=False),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("proven_at", sa.BigInteger(), nullable=True),
        sa.Column("factor_at", sa.BigInteger(), nullable=True),
        sa.Column("sso_organisation", _TEXT, nullable=True),
        sa.Column("sso_identity", _TEXT, nullable=True),
        sa.Column("sso_evidence", sa.Boolean(), nullable=True),
        sa.Column("sso_authenticated_at", sa.BigInteger(), nullable=True),
        sa.Column("sso_session", _TEXT, nullable=True),
        sa.Column("sso_ends_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("digest", name="uq_api_token_digest"),
        sa.UniqueConstraint("organisation_id", "name", name="uq_api_token_organisation_id_name"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_api_token_organisation_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_api_token_person_id", ondelete="CASCADE"),
    )
    op.create_index("ix_api_token_person_id", "api_token", ["person_id"])
    op.create_table(
        "token_confirmation",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("token_id", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("wish_on", sa.Boolean(), nullable=False),
        sa.Column("wish_from", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("fingerprint", _TEXT, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_token_confirmation"),
        sa.UniqueConstraint("token_id", name="uq_token_confirmation_token_id"),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_token.id"], name="fk_token_confirmation_token_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_token_confirmation_organisation_id"),
    )
    op.create_table(
        "api_request",
        sa.Column("caller", _TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_api_request"),
    )
    op.create_index("ix_api_request_begun_at", "api_request", ["begun_at"])
