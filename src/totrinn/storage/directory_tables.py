"""The tables of directories: what an organisation's directory says of its members, and its groups."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table, UniqueConstraint

from totrinn.storage.columns import Exact, Instant, Text
from totrinn.storage.tables import metadata


def _of_membership() -> ForeignKeyConstraint:
    """Goes with the membership, whoever ends that."""
    here = ["organisation_id", "person_id"]
    return ForeignKeyConstraint(here, [f"membership.{name}" for name in here], ondelete="CASCADE")


directory_entry = Table(
    "directory_entry",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True),
    Column("user_name", Text, nullable=False),
    # In the form in which letter case makes no difference.
    Column("user_key", Text, nullable=False),
    Column("external_id", Exact, nullable=False),
    Column("formatted", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    # A JSON array of [address, type, whether it is primary].
    Column("emails", sa.Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    _of_membership(),
    UniqueConstraint("organisation_id", "user_key"),
    Index(None, "organisation_id", "external_id"),
    Index(None, "organisation_id", "changed_at"),
)

directory_group = Table(
    "directory_group",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisation.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("external_id", Exact, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    UniqueConstraint("organisation_id", "name_key"),
    Index(None, "organisation_id", "external_id"),
)

directory_group_member = Table(
    "directory_group_member",
    metadata,
    Column("group_id", Text, ForeignKey("directory_group.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Text, primary_key=True),
    Column("organisation_id", Text, nullable=False),
    _of_membership(),
    Index(None, "organisation_id", "person_id"),
)
