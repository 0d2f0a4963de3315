"""What the repositories share: a connection in a transaction, and statements that were built when the program started.

A parameter of a condition is named `which…` or `expected…`; a parameter with the name of a column is that column's new
value. Each statement is one object for the life of the program, so that SQLAlchemy compiles it once.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, bindparam
from sqlalchemy.engine import Connection
from sqlalchemy.sql.base import Executable

WHICH = "which"


def is_which(column: ColumnElement[Any], name: str = WHICH) -> ColumnElement[bool]:
    """The condition that the column equals the parameter of this name."""
    return column == bindparam(name, type_=column.type)


class Repository:
    """One subject's rows, within one transaction."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _change(self, statement: Executable, values: Mapping[str, Any]) -> int:
        """Executes a change, and tells how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def _has_row(self, statement: Executable, values: Mapping[str, Any]) -> bool:
        """Executes a statement, and tells whether it returned a row."""
        return self._connection.execute(statement, values).first() is not None
