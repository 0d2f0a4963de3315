"""Connections to identity providers, what is known of them, and what sign-ins through them have proven."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables, and widens those that are there; every row stays."""
    _make_connections()
    _make_links()
    _make_sign_ins_at_providers()
    _widen_proofs()
    _let_passwords_be_closed()


def _make_connections() -> None:
    op.create_table(
        "connection",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("name_order", _TEXT, nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("demands_evidence", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("settings", _TEXT, nullable=False),
        sa.Column("rules", _TEXT, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary()),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("test", _TEXT),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_connection_organisation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_connection"),
        sa.UniqueConstraint("id", "organisation_id", name="uq_connection_id_organisation_id"),
    )
    op.create_index("ix_connection_organisation_id", "connection", ["organisation_id"])
    op.create_table(
        "sso_day",
        sa.Column("connection_id", _TEXT, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("with_evidence", sa.Integer(), nullable=False),
        sa.Column("without_evidence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name="fk_sso_day_connection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", "day", name="pk_sso_day"),
    )


def _make_links() -> None:
    op.create_table(
        "domain",
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("connection_id", _TEXT),
        sa.Column("challenge", _TEXT, nullable=False),
        sa.Column("proven_at", sa.BigInteger()),
        sa.Column("proven_by", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_domain_organisation_id"),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name="fk_domain_connection_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("organisation_id", "name", name="pk_domain"),
    )
    op.create_index("ix_domain_connection_id", "domain", ["connection_id"])
    op.create_index("ix_domain_name", "domain", ["name"])
    op.create_table(
        "sso_identity",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("connection_id", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("subject", _TEXT, nullable=False),
        sa.Column("person_id", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id", "organisation_id"],
            ["connection.id", "connection.organisation_id"],
            name="fk_sso_identity_connection_id_organisation_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_sso_identity_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sso_identity"),
        sa.UniqueConstraint("connection_id", "subject", name="uq_sso_identity_connection_id_subject"),
    )
    op.create_index("ix_sso_identity_person_id", "sso_identity", ["person_id"])
    op.create_index("ix_sso_identity_organisation_id_person_id", "sso_identity", ["organisation_id", "person_id"])


def _make_sign_ins_at_providers() -> None:
    op.create_table(
        "sso_attempt",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("connection_id", _TEXT, nullable=False),
        sa.Column("connection_revision", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_challenge", sa.LargeBinary(), nullable=False),
        sa.Column("answer", _TEXT, nullable=False, server_default=""),
        sa.Column("next", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name="fk_sso_attempt_connection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sso_attempt"),
        sa.UniqueConstraint("digest", name="uq_sso_attempt_digest"),
    )
    op.create_index("ix_sso_attempt_connection_id", "sso_attempt", ["connection_id"])
    op.create_table(
        "spent_token",
        sa.Column("connection_id", _TEXT, nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "token", name="pk_spent_token"),
    )
    op.create_index("ix_spent_token_expires_at", "spent_token", ["expires_at"])


def _widen_proofs() -> None:
    for table in ("signin", "session"):
        op.add_column(table, sa.Column("sso_identity", _TEXT))
        op.add_column(table, sa.Column("sso_evidence", sa.Boolean()))
        op.add_column(table, sa.Column("sso_authenticated_at", sa.BigInteger()))
        op.add_column(table, sa.Column("sso_session", _TEXT))
        op.add_column(table, sa.Column("sso_ends_at", sa.BigInteger()))
    for column in ("sso_identity", "sso_session"):
        some = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_session_{column}", "session", [column], sqlite_where=some, postgresql_where=some)


def _let_passwords_be_closed() -> None:
    op.add_column(
        "organisation", sa.Column("passwords_closed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("membership", sa.Column("keeps_password", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_membership_keepers",
        "membership",
        ["organisation_id", "name_order", "person_id"],
        sqlite_where=sa.text("keeps_password = 1"),
        postgresql_where=sa.text("keeps_password"),
    )
