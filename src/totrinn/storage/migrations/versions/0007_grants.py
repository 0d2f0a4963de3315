"""What applications were given: requests, grants, codes, tokens, and our keys for tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables."""
    _make_requests()
    _make_grants()
    _make_authorisations()
    _make_tokens()
    _make_keys()


def _of_application(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_application_id"
    return sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=name, ondelete="CASCADE")


def _make_requests() -> None:
    op.create_table(
        "authorisation_request",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("application_id", _TEXT, nullable=False),
        sa.Column("asked", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_away", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_authorisation_request"),
        _of_application("authorisation_request"),
    )
    op.create_index("ix_authorisation_request_application_id", "authorisation_request", ["application_id"])
    op.create_table(
        "spent_assertion",
        sa.Column("application_id", _TEXT, nullable=False),
        sa.Column("jti", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("application_id", "jti", name="pk_spent_assertion"),
        _of_application("spent_assertion"),
    )
    op.create_index("ix_spent_assertion_expires_at", "spent_assertion", ["expires_at"])


def _make_grants() -> None:
    op.create_table(
        "application_grant",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("application_id", _TEXT, nullable=False),
        sa.Column("session_id", _TEXT),
        sa.Column("person_id", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("tell_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_application_grant"),
        _of_application("application_grant"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["session.id"],
            name="fk_application_grant_session_id",
            onupdate="CASCADE",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_application_grant_person_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_application_grant_organisation_id"),
        sa.UniqueConstraint("session_id", "application_id", name="uq_application_grant_session_id_application_id"),
    )
    op.create_index("ix_application_grant_application_id", "application_grant", ["application_id"])
    op.create_index("ix_application_grant_person_id", "application_grant", ["person_id"])
    op.create_index(
        "ix_application_grant_organisation_id_session_id", "application_grant", ["organisation_id", "session_id"]
    )
    over = sa.text("session_id IS NULL")
    op.create_index(
        "ix_application_grant_over", "application_grant", ["tell_at"], sqlite_where=over, postgresql_where=over
    )


def _make_authorisations() -> None:
    op.create_table(
        "authorisation",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", _TEXT, nullable=False),
        sa.Column("redirect_uri", _TEXT, nullable=False),
        sa.Column("challenge", _TEXT, nullable=False),
        sa.Column("nonce", _TEXT, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_authorisation"),
        sa.UniqueConstraint("digest", name="uq_authorisation_digest"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["application_grant.id"], name="fk_authorisation_grant_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_authorisation_grant_id", "authorisation", ["grant_id"])


def _make_tokens() -> None:
    own = {
        "access_token": (
            sa.Column("scopes", sa.Text(), nullable=False),
            sa.Column("created_at", sa.BigInteger(), nullable=False),
            sa.Column("expires_at", sa.BigInteger(), nullable=False),
        ),
        "refresh_token": (
            sa.Column("created_at", sa.BigInteger(), nullable=False),
            sa.Column("used_at", sa.BigInteger()),
        ),
    }
    for table, columns in own.items():
        op.create_table(
            table,
            sa.Column("digest", sa.LargeBinary(), nullable=False),
            sa.Column("authorisation_id", _TEXT, nullable=False),
            *columns,
            sa.PrimaryKeyConstraint("digest", name=f"pk_{table}"),
            sa.ForeignKeyConstraint(
                ["authorisation_id"], ["authorisation.id"], name=f"fk_{table}_authorisation_id", ondelete="CASCADE"
            ),
        )
        op.create_index(f"ix_{table}_authorisation_id", table, ["authorisation_id"])


def _make_keys() -> None:
    op.create_table(
        "signing_key",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("sealed_private", sa.LargeBinary(), nullable=False),
        sa.Column("public", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signs_from", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_signing_key"),
    )
    op.create_table(
        "sweep",
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("free_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "due_at", name="pk_sweep"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_sweep_organisation_id"),
    )
    op.create_index("ix_sweep_free_at", "sweep", ["free_at"])
