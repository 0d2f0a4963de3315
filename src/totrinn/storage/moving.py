"""Carrying an embedded database over into an empty PostgreSQL: all of it, or nothing.

Rows go as they stand, sealed as they are. Before anything is kept, both sides are read again in the order of their
keys and compared value by value. The source is marked just before the target keeps what it got: at no moment could
both be served.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

from totrinn.app.errors import TotrinnError
from totrinn.storage import tables as t
from totrinn.storage.aftermath import SqlAftermath
from totrinn.storage.engine import Engines, hold_migration_lock
from totrinn.storage.migrating import migrate_within

if TYPE_CHECKING:
    import sqlite3

MOVED = "moved to"
"""Under this key the source remembers where it went."""
_NOT_OURS = """
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1 LIMIT 1
"""


class TargetNotEmpty(TotrinnError):
    """There is something in the database that was to be filled; it was left as it is."""

    code = "target_not_empty"

    def __init__(self, found: str) -> None:
        super().__init__(f"the target is not empty, {found} is in it: make a new database, and name that one")


class RowsDiffer(TotrinnError):
    """What arrived is not what was sent; the target has kept nothing."""

    code = "rows_differ"

    def __init__(self, table: str, number: int) -> None:
        super().__init__(f"row {number} of {table} is not the same on both sides; the target has kept nothing")


class MoveUnsure(TotrinnError):
    """The target did not say whether it has kept what it got."""

    code = "move_unsure"

    def __init__(self) -> None:
        super().__init__(
            "the target did not say whether it has kept everything: look with `totrinn doctor`;"
            " if nothing is there, take the move back with --undo, and move again"
        )


@dataclass(frozen=True, slots=True)
class Carried:
    """One table, and how many of its rows were carried over and compared."""

    table: str
    rows: int


def carry_over(source: Engines, target: Engines, address: str) -> tuple[Carried, ...]:
    """Carries everything over, and marks the source with the target's address.

    Raises `TargetNotEmpty`, `RowsDiffer`, `MoveUnsure`, and whatever the databases say; the source is marked in none of
    these cases but `MoveUnsure`.
    """
    is_marked = False
    try:
        with target.writing.begin() as there, source.writing.begin() as here:
            _refuse_filled(there)
            migrate_within(there)
            carried = tuple(_carry(here, there, table) for table in t.metadata.sorted_tables)
            there.exec_driver_sql("ANALYZE")
            here.execute(sa.insert(t.installation).values(key=MOVED, value=address))
            is_marked = True
    except sa.exc.SQLAlchemyError as error:
        if is_marked:
            raise MoveUnsure from error
        raise
    return carried


def take_back(source: Engines, *, step: int) -> bool:
    """Takes the mark away; whether there was one. What was open then is not open again: sessions, sign-ins, links.

    No authenticator accepts this time step or an earlier one: its code may have been spent in the other database.
    """
    with source.writing.begin() as connection:
        found = connection.execute(sa.delete(t.installation).where(t.installation.c.key == MOVED)).rowcount
        if found:
            aftermath = SqlAftermath(connection)
            aftermath.end_all_proofs()
            aftermath.raise_steps(step)
    return bool(found)


def _refuse_filled(there: Connection) -> None:
    hold_migration_lock(there)
    found = _driver(there).execute(_NOT_OURS).fetchone()
    if found is not None:
        raise TargetNotEmpty(found[0])


def _carry(here: Connection, there: Connection, table: sa.Table) -> Carried:
    names = _quoted(table.columns)
    with (
        _driver(there).cursor() as cursor,
        cursor.copy(f"COPY {_quoted([table])} ({names}) FROM STDIN".encode()) as copying,
    ):
        for row in _rows_here(here, table):
            copying.write_row(row)
    number = table.autoincrement_column
    if number is not None:
        there.execute(
            sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, number.name), sa.func.max(number)))
        )
    return Carried(table.name, _compare(here, there, table))


def _compare(here: Connection, there: Connection, table: sa.Table) -> int:
    """Compares every value; how many rows there are. Raises `RowsDiffer`."""
    number = 0
    for number, (ours, theirs) in enumerate(zip_longest(_rows_here(here, table), _rows_there(there, table)), start=1):
        if ours != theirs:
            raise RowsDiffer(table.name, number)
    return number


def _rows_here(here: Connection, table: sa.Table) -> Iterator[tuple[Any, ...]]:
    """Every row as it stands, in the order of the key."""
    driver: sqlite3.Connection = _driver(here)
    return driver.execute(_in_order(table))


def _rows_there(there: Connection, table: sa.Table) -> Iterator[tuple[Any, ...]]:
    with (
        _driver(there).cursor() as cursor,
        cursor.copy(f"COPY ({_in_order(table)}) TO STDOUT".encode()) as copying,
    ):
        copying.set_types([_type_there(column) for column in table.columns])
        yield from copying.rows()


def _in_order(table: sa.Table) -> str:
    return (
        f"SELECT {_quoted(table.columns)} FROM {_quoted([table])}"  # noqa: S608 - names of our own
        f" ORDER BY {_quoted(table.primary_key.columns)}"
    )


def _quoted(named: Sequence[Any] | Any) -> str:
    """Names of tables or columns, quoted where they must be, for both databases alike."""
    quote = sqlite.dialect().identifier_preparer.quote_identifier
    return ", ".join(quote(each.name) for each in named)


def _type_there(column: sa.Column[Any]) -> str:
    plain = column.type.dialect_impl(sqlite.dialect())
    for kind, name in ((sa.Boolean, "bool"), (sa.Integer, "int8"), (sa.LargeBinary, "bytea")):
        if isinstance(getattr(plain, "impl", plain), kind):
            return name
    return "text"


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
