"""The mark that SQLite leaves when something changes that checks of the gate rest on, and whether it can be relied on.

Triggers leave it (migration 0015). It is relied on only while each table and column that the gate's questions read, by
SQLite's own account of them, has its triggers: a column that is read one day and watched by nobody, or a table that was
made anew without them, costs speed and nothing else.
"""

import re
import sqlite3
from collections.abc import Sequence

LOOK = "SELECT value, (SELECT schema_version FROM pragma_schema_version) FROM installation WHERE key = 'gate_mark'"
"""The mark, and the number of the tables' shape."""

_TRIGGERS = "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
_TRIGGER = re.compile(
    r"CREATE TRIGGER \w+ AFTER (?P<moment>DELETE|INSERT|UPDATE OF (?P<columns>[\w, ]+)) ON (?P<table>\w+) FOR EACH ROW "
    r"BEGIN UPDATE installation SET value = lower\(hex\(randomblob\(8\)\)\) WHERE key = 'gate_mark'; END"
)
_UNWATCHED = {("session", "last_seen")}
"""What may be read later than it changes: not by long, and a session that seems older ends sooner."""
_NEW_ONES_ARE_OTHERS = {"gate_pass", "session", "person"}
"""Tables whose rows are found by their keys: what was found stays what it was when another row comes."""


def is_watched(connection: sqlite3.Connection, questions: Sequence[tuple[str, int]]) -> bool:
    """Whether every change of what these questions read leaves a mark; each with the number of its parameters."""
    read = set[tuple[str, str]]()
    for words, parameters in questions:
        read |= _read_by(connection, words, parameters)
    moments = set[tuple[str, str]]()
    columns = set[tuple[str, str]]()
    for (sql,) in connection.execute(_TRIGGERS).fetchall():
        found = _TRIGGER.fullmatch(sql)
        if found is None:
            continue
        moments.add((found["table"], found["moment"].partition(" ")[0]))
        columns |= {(found["table"], column) for column in (found["columns"] or "").split(", ")}
    tables = {table for table, _ in read}
    wanted = {(table, "DELETE") for table in tables} | {(table, "INSERT") for table in tables - _NEW_ONES_ARE_OTHERS}
    return bool(read) and wanted <= moments and read - _UNWATCHED <= columns


def _read_by(connection: sqlite3.Connection, words: str, parameters: int) -> set[tuple[str, str]]:
    """Tables and columns, as SQLite names them to whoever authorises a statement; a table alone has no column."""
    found = set[tuple[str, str]]()

    def note(action: int, table: str | None, column: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ and table is not None:
            found.add((table, column or ""))
        return sqlite3.SQLITE_OK

    connection.set_authorizer(note)
    try:
        connection.execute(f"EXPLAIN {words}", (None,) * parameters).fetchall()
    finally:
        connection.set_authorizer(None)
    return {(table, column) for table, column in found if not table.startswith("sqlite_")}
