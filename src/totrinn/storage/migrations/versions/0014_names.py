"""What the application is called: as the vendor or an organisation says, and as each authenticator app was told."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Adds a column to faces, and one to authenticators; of earlier ones it is empty."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("face", sa.Column("name", text, nullable=False, server_default=""))
    op.add_column("authenticator", sa.Column("issuer", text, nullable=False, server_default=""))
