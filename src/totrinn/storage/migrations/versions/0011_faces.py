"""How the pages of organisations look."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "face",
        sa.Column("organisation_id", _TEXT, nullable=False),
        sa.Column("accent", _TEXT, nullable=False),
        sa.Column("logo_kind", sa.Text()),
        sa.Column("logo_digest", _TEXT),
        sa.Column("picture", sa.LargeBinary()),
        sa.Column("lets_others", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_face"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_face_organisation_id"),
    )
    op.create_index("ix_face_logo_digest", "face", ["logo_digest"])
