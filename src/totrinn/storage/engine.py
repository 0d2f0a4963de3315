"""Which database it is, and how its connections are made; `postgresql` knows that one's own ways.

Each database has two pools of connections. Those for reading cannot write, whatever they are asked: SQLite has
`query_only`, PostgreSQL `READ ONLY`. Transactions are begun by our own words, not by the driver's guess:

|          | reading, one consistent view      | writing                                                      |
|----------|-----------------------------------|--------------------------------------------------------------|
| SQLite   | `BEGIN`                           | `BEGIN IMMEDIATE`; one connection per process, queued fairly |
| PostgreSQL | `REPEATABLE READ READ ONLY`     | `READ COMMITTED`; the `lock…` methods lock rows              |
"""

import errno
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Dialect, Engine
from sqlalchemy.pool import ConnectionPoolEntry

from totrinn.app.ports import GateReads
from totrinn.storage import postgresql
from totrinn.storage.prepared import SqliteConnection

_SQLITE_AT_LEAST = (3, 35, 0)  # RETURNING
_WAIT_SECONDS = 10
_READERS = 40
_BEGIN = "totrinn_begin"
_UNHURRIED = (
    "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
)
_MIGRATION_LOCK = 0x746F7472696E6E  # "totrinn"

_PRAGMAS = (
    f"PRAGMA busy_timeout = {_WAIT_SECONDS * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
)

_UNAVAILABILITY = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.TimeoutError,
    sqlite3.OperationalError,
)


class UnusableDatabase(ValueError):
    """The address names no database that can be used here."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The two pools of one database, and how the gate reads it, which goes below them."""

    reading: Engine
    writing: Engine
    gate_reads: Callable[[], GateReads]
    """What makes the gate's own way of reading."""

    def dispose(self) -> None:
        """Closes every connection."""
        self.reading.dispose()
        self.writing.dispose()


def make_engines(address: str, *, connections: int = postgresql.CONNECTIONS) -> Engines:
    """The pools of the database at `sqlite:///file` or `postgresql://…`. Raises `UnusableDatabase` for any other.

    Of PostgreSQL each of the two pools has at most so many `connections`.
    """
    scheme = address.partition(":")[0]
    if scheme in postgresql.SCHEMES:
        try:
            pools = postgresql.make_pools(address, connections=connections)
            return Engines(*pools, gate_reads=partial(_postgresql_gate_reads, address))
        except postgresql.WrongAddress as error:
            raise UnusableDatabase(str(error)) from error
    url = _read_url(address)
    if url.drivername == "sqlite":
        return _sqlite(url)
    raise UnusableDatabase(f"{url.drivername} is neither sqlite nor postgresql")


def _read_url(address: str) -> URL:
    try:
        return sa.make_url(address)
    except sa.exc.ArgumentError:
        raise UnusableDatabase("this is no address of a database") from None


def _sqlite(url: URL) -> Engines:
    if not url.database or url.database == ":memory:" or url.query:
        raise UnusableDatabase("SQLite needs a file, and takes no options: sqlite:////path/to/totrinn.sqlite3")
    if sqlite3.sqlite_version_info < _SQLITE_AT_LEAST:
        raise UnusableDatabase(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 is needed")
    _make_private(Path(url.database))
    reading = _sqlite_engine(url, "BEGIN", connections=_READERS)
    # One writer per process: threads queue for the connection in order, instead of racing for the file's lock.
    writing = _sqlite_engine(url, "BEGIN IMMEDIATE", connections=1)
    event.listen(reading, "connect", _set_up_sqlite_reader)
    event.listen(writing, "connect", _set_up_sqlite)
    event.listen(reading, "begin", _begin_sqlite)
    event.listen(writing, "begin", _begin_sqlite)
    return Engines(reading, writing, gate_reads=partial(_sqlite_gate_reads, url.database, reading.dialect))


# Loaded where there is a gate to be served, which no command does.
def _sqlite_gate_reads(file: str, dialect: Dialect) -> GateReads:
    from totrinn.storage.gate_sqlite import SqliteGateReads

    return SqliteGateReads(file, dialect)


def _postgresql_gate_reads(address: str) -> GateReads:
    from totrinn.storage.gate_postgresql import PostgresqlGateReads

    return PostgresqlGateReads(address)


def _sqlite_engine(url: URL, begin: str, *, connections: int) -> Engine:
    return sa.create_engine(
        url,
        execution_options={_BEGIN: begin},
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": _WAIT_SECONDS},
        poolclass=sa.QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_WAIT_SECONDS,
        hide_parameters=True,  # in messages of errors, which are logged
        pool_use_lifo=connections > 1,
    )


def _make_private(file: Path) -> None:
    """Makes the file readable to its owner only; SQLite gives its companions (-wal, -shm) the same rights.

    A file that is there is not opened: closing it would take away every lock that this process holds on it, and another
    program would then put away what is still being written to.
    """
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if not os.access(file, os.R_OK | os.W_OK):
            raise UnusableDatabase(f"{file}: {os.strerror(errno.EACCES)}") from None
    except OSError as error:
        raise UnusableDatabase(f"{file}: {error.strerror}") from error


def _set_up_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _set_up_sqlite_reader(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    _set_up_sqlite(connection, entry)
    connection.execute("PRAGMA query_only = ON")


# Below SQLAlchemy, which would take ten times as long as SQLite itself to say these words.
def _begin_sqlite(connection: Connection) -> None:
    driver = _driver(connection)
    if not driver.in_transaction:
        driver.execute(connection.get_execution_options()[_BEGIN])


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def connect(engine: Engine) -> Connection:
    """A connection out of the pool, on which a transaction must be begun before anything else."""
    begin = engine.get_execution_options().get(_BEGIN)
    return engine.connect() if begin is None else cast("Connection", SqliteConnection(engine, begin))


def hold_migration_lock(connection: Connection) -> None:
    """Makes other migrations of this database wait until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_UNHURRIED)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")


def is_unavailability(error: BaseException) -> bool:
    """Whether the error says that the database is gone, full, locked or too busy, rather than that we asked wrongly."""
    return isinstance(error, _UNAVAILABILITY) or postgresql.is_standby(error)
