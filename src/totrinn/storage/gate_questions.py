"""The gate's questions as PostgreSQL's own library takes them, and what comes back: each row as one value, in bytes.

A row is compared as it came with the one before: where no byte differs, what was made of that one stands. Nothing is
kept instead of being asked for. The bytes are those of a record in binary form: the number of its columns, and of each
the type, the length (-1: empty) and the value.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from totrinn.app.errors import StoreUnavailable

_COUNT, _COLUMN = struct.Struct("!i"), struct.Struct("!Ii")
_BOOLEAN, _BYTES, _NUMBERS, _TEXTS = 16, 17, frozenset({20, 21, 23}), frozenset({25, 1043})
"""Types by the numbers that PostgreSQL gives them in every installation."""
_BINARY, _TEXT = 1, 0


class Question:
    """One statement: its words, how its values are sent, and how the values of its row come out."""

    def __init__(self, name: str, statement: sa.Select[Any]) -> None:
        """`name`: under which the server keeps its plan, where it may."""
        dialect: Any = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        columns = list(statement.selected_columns)
        row = sa.func.row(*columns, sa.func.pg_is_in_recovery())
        compiled: Any = statement.with_only_columns(row, maintain_column_froms=True).compile(dialect=dialect)
        self.name = name.encode()
        self.words = str(compiled).encode()
        places: list[str] = compiled.positiontup
        self._given = [(at, place) for at, place in enumerate(places) if compiled.params[place] is None]
        self._fixed: list[bytes | None] = [
            None if (value := compiled.params[place]) is None else str(value).encode() for place in places
        ]
        # What a browser may have sent goes in binary form: a text would end at its first zero.
        self.formats = [_TEXT if value is not None else _BINARY for value in self._fixed]
        read = (column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns)
        self._processors: list[tuple[int, Callable[[Any], Any]]] = [
            (place, processor) for place, processor in enumerate(read) if processor is not None
        ]

    def parameters(self, values: dict[str, bytes]) -> list[bytes | None]:
        """The values in their places."""
        parameters = self._fixed.copy()
        for at, name in self._given:
            parameters[at] = values[name]
        return parameters

    def read(self, record: bytes) -> Sequence[Any]:
        """The row in these bytes. Raises `StoreUnavailable` if a standby has answered."""
        *values, is_standby = _values(record)
        if is_standby is not False:
            raise StoreUnavailable("a standby has answered")
        for place, processor in self._processors:
            values[place] = processor(values[place])
        return values


def _values(record: bytes) -> list[Any]:
    """Raises `TypeError` for a type that is none of ours."""
    (count,) = _COUNT.unpack_from(record)
    values: list[Any] = []
    at = _COUNT.size
    for _ in range(count):
        kind, length = _COLUMN.unpack_from(record, at)
        at += _COLUMN.size
        if length < 0:
            values.append(None)
            continue
        values.append(_value(kind, record[at : at + length]))
        at += length
    return values


def _value(kind: int, value: bytes) -> Any:
    if kind in _TEXTS:
        return value.decode()
    if kind in _NUMBERS:
        return int.from_bytes(value, "big", signed=True)
    if kind == _BOOLEAN:
        return value != b"\0"
    if kind == _BYTES:
        return value
    raise TypeError(f"a column of type {kind}")
