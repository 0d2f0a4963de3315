"""Statements that come again, compiled once and handed to SQLite itself: it answers in a fifth of the time.

SQLAlchemy composes every statement, translates every value, and keeps the transaction. Left out is what it does anew at
each execution: looking its compiled form up, and building a context and a result around it. A statement that is seen
for the second time is one that lives as long as the program; those made for one question are SQLAlchemy's to execute.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.sql.compiler import SQLCompiler

_Processor = Callable[[Any], Any]


class Rows:
    """What a statement returned, as far as it is asked of SQLAlchemy's results."""

    __slots__ = ("_processors", "_rows", "rowcount")

    def __init__(
        self, rows: list[tuple[Any, ...]], processors: Sequence[tuple[int, _Processor]], rowcount: int
    ) -> None:
        self._rows = rows
        self._processors = processors
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return map(self._read, self._rows)

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *_: object) -> None:
        """Everything has been fetched already."""

    def all(self) -> list[tuple[Any, ...]]:
        """Every row."""
        return list(self)

    def first(self) -> tuple[Any, ...] | None:
        """The first row; None when there is none."""
        return self._read(self._rows[0]) if self._rows else None

    def one(self) -> tuple[Any, ...]:
        """The only row. Raises `NoResultFound` or `MultipleResultsFound` when there is not exactly one."""
        if len(self._rows) > 1:
            raise MultipleResultsFound(f"{len(self._rows)} rows where one was expected")
        if not self._rows:
            raise NoResultFound("no row where one was expected")
        return self._read(self._rows[0])

    def scalar(self) -> Any:
        """The first value of the first row; None when there is none."""
        row = self.first()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        """The first value of the only row."""
        return self.one()[0]

    def scalars(self) -> Iterator[Any]:
        """The first value of every row."""
        return (row[0] for row in self)

    def _read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, processor in self._processors:
            values[place] = processor(values[place])
        return tuple(values)


class Prepared:
    """One statement for one set of parameters: its words, and how its values go in and come out."""

    __slots__ = ("_fixed", "_named", "_processors", "words")

    def __init__(self, compiled: SQLCompiler, dialect: Dialect, names: Sequence[str]) -> None:
        places: Sequence[str] | None
        self.words, places = compiled.string, compiled.positiontup
        if compiled.literal_execute_params:
            # Values of the statement's own that are written into its words.
            expanded = compiled.construct_expanded_state(dict.fromkeys(names))
            self.words, places = expanded.statement, expanded.positiontup
        self._fixed: list[Any] = []
        self._named: list[tuple[int, str, _Processor | None]] = []
        for place, name in enumerate(places or ()):
            bound = compiled.binds[name]
            processor = bound.type.dialect_impl(dialect).bind_processor(dialect)
            given = next((each for each in (bound.key, name) if each in names), None)
            value = bound.effective_value if given is None else None
            self._fixed.append(processor(value) if processor and given is None else value)
            if given is not None:
                self._named.append((place, given, processor))
        read = (
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in compiled._result_columns
        )
        self._processors = [(place, processor) for place, processor in enumerate(read) if processor is not None]

    def execute(self, driver: sqlite3.Connection, values: Mapping[str, Any]) -> Rows:
        """Executes, and fetches everything. Raises the errors of `sqlite3`."""
        parameters = self._fixed.copy()
        for place, name, processor in self._named:
            value = values[name]
            parameters[place] = value if processor is None else processor(value)
        cursor = driver.execute(self.words, parameters)
        rows = cursor.fetchall() if cursor.description else []
        return Rows(rows, self._processors, cursor.rowcount)


# Of each statement that has been seen, its forms by the names of the parameters; None if SQLAlchemy must execute it.
_SEEN: "WeakKeyDictionary[Any, dict[tuple[str, ...], Prepared | None]]" = WeakKeyDictionary()


class PreparingConnection(Connection):
    """A connection to SQLite that executes what comes again by its prepared form."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        driver: Any = self.connection.dbapi_connection
        self._driver: sqlite3.Connection = driver
        # Whoever listens to statements hears them from SQLAlchemy, which then executes them all.
        self._is_heard = bool(engine.dispatch.before_cursor_execute)

    def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """Executes the statement, within the transaction that has begun."""
        forms = _SEEN.get(statement)
        if forms is None:
            _SEEN[statement] = {}
        elif not options and not self._is_heard and (parameters is None or isinstance(parameters, dict)):
            values: dict[str, Any] = parameters or {}
            names = tuple(values)
            if names not in forms:
                forms[names] = _prepared(statement, self.dialect, names)
            prepared = forms[names]
            if prepared is not None:
                return self._executed(prepared, values)
        return super().execute(statement, parameters, **options)

    def _executed(self, prepared: Prepared, values: Mapping[str, Any]) -> Rows:
        try:
            return prepared.execute(self._driver, values)
        except sqlite3.Error as error:
            # As SQLAlchemy would say it, but never with the values: they are nobody's business in a log.
            raise DBAPIError.instance(
                prepared.words, None, error, sqlite3.Error, hide_parameters=True, dialect=self.dialect
            ) from error


def _prepared(statement: Any, dialect: Dialect, names: tuple[str, ...]) -> Prepared | None:
    if statement.get_execution_options():
        return None
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    if not isinstance(compiled, SQLCompiler) or not _is_plain(compiled, names):
        return None
    return Prepared(compiled, dialect, names)


def _is_plain(compiled: SQLCompiler, names: tuple[str, ...]) -> bool:
    """Whether nothing is left to decide at each execution: no list of values, no default, no missing parameter."""
    if compiled.post_compile_params:
        return False
    if compiled.insert_prefetch or compiled.update_prefetch:
        return False
    missing = [bound for name, bound in compiled.binds.items() if bound.key not in names and name not in names]
    return not any(bound.required or bound.callable for bound in missing)
