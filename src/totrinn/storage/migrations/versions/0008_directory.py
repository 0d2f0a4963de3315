"""What an organisation's directory says: members who are inactive, how it describes them, and its groups."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables, and two columns of memberships."""
    op.add_column("membership", sa.Column("inactive_since", sa.BigInteger()))
    op.add_column("membership", sa.Column("was_accepted", sa.Boolean(), nullable=False, server_default=sa.false()))
    _make_entries()
    _make_groups()


def _of_membership(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", "person_id"],
        ["membership.organisation_id", "membership.person_id"],
        name=f"fk_{table}_organisation_id_person_id",
        ondelete="CASCADE",
    )


def _make_entries() -> None:
    op.create_table(
        "directory_entry",
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("person_id", _TEXT, nullable=False),
        sa.Column("user_name", _TEXT, nullable=False),
        sa.Column("user_key", _TEXT, nullable=False),
        sa.Column("external_id", _TEXT, nullable=False),
        sa.Column("formatted", _TEXT, nullable=False),
        sa.Column("given_name", _TEXT, nullable=False),
        sa.Column("family_name", _TEXT, nullable=False),
        sa.Column("display_name", _TEXT, nullable=False),
        sa.Column("emails", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "person_id", name="pk_directory_entry"),
        _of_membership("directory_entry"),
        sa.UniqueConstraint("organisation_id", "user_key", name="uq_directory_entry_organisation_id_user_key"),
    )
    for column in ("external_id", "changed_at"):
        name = f"ix_directory_entry_organisation_id_{column}"
        op.create_index(name, "directory_entry", ["organisation_id", column])


def _make_groups() -> None:
    op.create_table(
        "directory_group",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("name_key", _TEXT, nullable=False),
        sa.Column("external_id", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_directory_group"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_directory_group_organisation_id"),
        sa.UniqueConstraint("organisation_id", "name_key", name="uq_directory_group_organisation_id_name_key"),
    )
    name = "ix_directory_group_organisation_id_external_id"
    op.create_index(name, "directory_group", ["organisation_id", "external_id"])
    op.create_table(
        "directory_group_member",
        sa.Column("group_id", _TEXT, nullable=False),
        sa.Column("person_id", _TEXT, nullable=False),
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("group_id", "person_id", name="pk_directory_group_member"),
        sa.ForeignKeyConstraint(
            ["group_id"], ["directory_group.id"], name="fk_directory_group_member_group_id", ondelete="CASCADE"
        ),
        _of_membership("directory_group_member"),
    )
    name = "ix_directory_group_member_organisation_id_person_id"
    op.create_index(name, "directory_group_member", ["organisation_id", "person_id"])
