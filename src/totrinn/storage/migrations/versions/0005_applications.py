"""The vendor's applications."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "application",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("name_order", _TEXT, nullable=False),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("logout_uris", sa.Text(), nullable=False),
        sa.Column("back_channel", _TEXT, nullable=False),
        sa.Column("home", _TEXT, nullable=False),
        sa.Column("authentication", sa.Text(), nullable=False),
        sa.Column("public_keys", _TEXT, nullable=False),
        sa.Column("signing", sa.Text(), nullable=False),
        sa.Column("requires_pushed", sa.Boolean(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_application"),
    )
    with_home = sa.text("home <> ''")
    op.create_index(
        "ix_application_homes",
        "application",
        ["name_order", "id"],
        sqlite_where=with_home,
        postgresql_where=with_home,
    )
    op.create_table(
        "application_host",
        sa.Column("host", _TEXT, nullable=False),
        sa.Column("application_id", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_application_host"),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name="fk_application_host_application_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_application_host_application_id", "application_host", ["application_id"])
    op.create_table(
        "application_secret",
        sa.Column("application_id", _TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("application_id", "digest", name="pk_application_secret"),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name="fk_application_secret_application_id",
            ondelete="CASCADE",
        ),
    )
