"""All that a database holds, for those who look whether something stands there."""

import base64
import binascii

import sqlalchemy as sa

from totrinn.storage import Database
from totrinn.storage.tables import metadata


def held(database: Database) -> list[bytes]:
    """Every value of every table, as bytes, and each word of it as what it is in base64."""
    found: list[bytes] = []
    with database.engines.reading.connect() as connection, connection.begin():
        for name in metadata.tables:
            for row in connection.execute(sa.select(sa.text("*")).select_from(sa.table(name))):
                for value in row:
                    raw = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    found += [raw, *(_unpacked(word) for word in raw.split())]
    return found


def counted(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.engines.reading.connect() as connection, connection.begin():
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one()
            for name in metadata.tables
        }


def _unpacked(word: bytes) -> bytes:
    try:
        return base64.b64decode(word, validate=True)
    except binascii.Error:
        return b""
