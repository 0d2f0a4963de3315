"""Puts a crowd into an installation's tables, quickly: without indexes, which are made at the end."""

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Any

import psycopg

from bench.crowd import Crowd, Row
from totrinn.storage.tables import metadata

_AT_ONCE = 20_000
_COUNT = """
    INSERT INTO tally (organisation_id, missing, has, sso, missing_tags, others)
    SELECT organisation_id, sum(CASE counted_as WHEN 'missing' THEN 1 ELSE 0 END),
        sum(CASE counted_as WHEN 'has' THEN 1 ELSE 0 END), 0,
        sum(CASE counted_as WHEN 'missing' THEN tag ELSE 0 END), 0
    FROM membership WHERE true GROUP BY organisation_id
    ON CONFLICT (organisation_id) DO UPDATE SET missing = excluded.missing, has = excluded.has
"""


def fill(address: str, crowd: Crowd) -> None:
    """Fills the migrated database at this address, and has it look at what is in it."""
    if address.startswith("sqlite:///"):
        _fill_sqlite(address.removeprefix("sqlite:///"), crowd)
    else:
        _fill_postgresql(address, crowd)


def _fill_sqlite(file: str, crowd: Crowd) -> None:
    database = sqlite3.connect(file, isolation_level=None)
    for pragma in ("synchronous = OFF", "cache_size = -500000", "temp_store = MEMORY", "foreign_keys = OFF"):
        database.execute(f"PRAGMA {pragma}")
    found = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    indexes = {name: words for name, words in found if _is_of_crowd(words, crowd)}
    database.execute("BEGIN")
    for name in indexes:
        database.execute(f"DROP INDEX {name}")
    for table, (columns, rows) in crowd.tables().items():
        names = columns.split()
        # Rows of this table lie in the order of its key.
        target = "TEMP.crowd" if table == "name_word" else table
        if target != table:
            database.execute(f"CREATE TEMP TABLE crowd ({', '.join(names)})")
        places = ", ".join("?" * len(names))
        database.executemany(f"INSERT INTO {target} ({', '.join(names)}) VALUES ({places})", rows)
        if target != table:
            database.execute(f"INSERT INTO {table} SELECT * FROM TEMP.crowd ORDER BY {', '.join(names)}")
    database.execute(_COUNT)
    for words in indexes.values():
        database.execute(words)
    database.execute("COMMIT")
    database.close()


def _fill_postgresql(address: str, crowd: Crowd) -> None:
    with psycopg.connect(address, autocommit=True) as database:
        database.execute("SET maintenance_work_mem = '512MB'")
        found = database.execute("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'").fetchall()
        plain = {index.name for table in metadata.tables.values() for index in table.indexes}
        indexes = {name: words for name, words in found if name in plain and _is_of_crowd(words, crowd)}
        for name in indexes:
            database.execute(f"DROP INDEX {name}".encode())
        for table, (columns, rows) in crowd.tables().items():
            names = ", ".join(columns.split())
            with database.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN".encode()) as copy:
                for row in _in_order(table, rows):
                    copy.write_row(row)
        database.execute(_COUNT.encode())
        for words in indexes.values():
            database.execute(words.encode())
        database.execute("VACUUM ANALYZE")


def _in_order(table: str, rows: Iterator[Row]) -> Iterator[Row]:
    if table != "name_word":
        return rows
    return (row for part in iter(lambda: sorted(islice(rows, _AT_ONCE * 10)), []) for row in part)


def _is_of_crowd(words: Any, crowd: Crowd) -> bool:
    return any(f" {table} (" in words or f".{table} " in words for table in crowd.tables())
