"""Statements that come again, compiled once and handed to SQLite itself: they take less than half the time.

SQLAlchemy composes every statement, translates every value, and keeps the transaction. Left out is what it does anew at
each execution: looking its compiled form up, and building a context and a result around it. A statement that is seen
for the second time is one that lives as long as the program; those made for one question are SQLAlchemy's to execute.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.pool import PoolProxiedConnection
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

    @property
    def places(self) -> int:
        """How many parameters the words take."""
        return len(self._fixed)

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


class SqliteConnection:
    """A connection to SQLite out of the pool, and its transaction; what SQLAlchemy's own does that is asked for here.

    What comes again is executed by its prepared form. For the rest there is a connection of SQLAlchemy's around the
    same connection of the pool, once it is needed.
    """

    __slots__ = ("_alchemy", "_begin", "_driver", "_engine", "_is_heard", "_pooled")

    def __init__(self, engine: Engine, begin: str) -> None:
        self._engine, self._begin = engine, begin
        with _translated(begin):
            self._pooled = engine.raw_connection()
        driver: Any = self._pooled.dbapi_connection
        self._driver: sqlite3.Connection = driver
        self._alchemy: Connection | None = None
        # Whoever listens to statements hears them from SQLAlchemy, which then executes them all.
        self._is_heard = bool(engine.dispatch.before_cursor_execute)

    def __enter__(self) -> "SqliteConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect of SQLite."""
        return self._engine.dialect

    @property
    def connection(self) -> PoolProxiedConnection:
        """The connection of the pool."""
        return self._pooled

    def begin(self) -> None:
        """Begins the transaction."""
        with _translated(self._begin):
            self._driver.execute(self._begin)

    def commit(self) -> None:
        """Ends the transaction; what it changed is then on the disk."""
        with _translated("COMMIT"):
            self._driver.commit()

    def close(self) -> None:
        """Rolls back what was not committed, and gives the connection back to the pool."""
        (self._alchemy or self._pooled).close()

    def invalidate(self) -> None:
        """Takes the connection out of use."""
        self._pooled.invalidate()

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Executes the statement, within the transaction that has begun."""
        forms = _SEEN.get(statement)
        if forms is None:
            _SEEN[statement] = {}
        elif not self._is_heard and (parameters is None or isinstance(parameters, dict)):
            values: dict[str, Any] = parameters or {}
            names = tuple(values)
            if names not in forms:
                forms[names] = prepared_form(statement, self.dialect, names)
            prepared = forms[names]
            if prepared is not None:
                with _translated(prepared.words):
                    return prepared.execute(self._driver, values)
        if self._alchemy is None:
            self._alchemy = Connection(self._engine, self._pooled)
        return self._alchemy.execute(statement, parameters)


class _translated:  # noqa: N801  # used like a function; a class takes less than half of what a generator does
    """Raises what SQLite complains of as SQLAlchemy would, but never with the values, which belong in no log."""

    __slots__ = ("_words",)

    def __init__(self, words: str) -> None:
        self._words = words

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, sqlite3.Error):
            told = DBAPIError.instance(self._words, None, error, sqlite3.Error, hide_parameters=True)
            raise cast("BaseException", told) from error


def prepared_form(statement: Any, dialect: Dialect, names: tuple[str, ...]) -> Prepared | None:
    """The statement for parameters of these names; None if something is left to decide at each execution."""
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
