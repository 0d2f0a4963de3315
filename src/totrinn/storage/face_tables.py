"""The table of faces: how the pages of an organisation look."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Table

from totrinn.app.faces import LogoKind
from totrinn.storage.columns import Choice, Text
from totrinn.storage.tables import metadata

face = Table(
    "face",
    metadata,
    Column("organisation_id", Text, ForeignKey("organisation.id"), primary_key=True),
    Column("accent", Text, nullable=False),
    Column("logo_kind", Choice(LogoKind)),
    Column("logo_digest", Text, index=True),
    Column("picture", sa.LargeBinary),
    Column("lets_others", sa.Boolean, nullable=False),
    Column("revision", sa.Integer, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
)
