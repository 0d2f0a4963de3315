"""A consistent copy of a database that goes on being written to, in a file that is gone afterwards.

SQLite: its backup interface within one reading transaction. Writers go on meanwhile, as a reader of a WAL never holds
them up, and nothing begins anew when they have written. PostgreSQL: `pg_dump` on the snapshot in which the rows are
counted. The password goes to it by its environment, never by the list of processes.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from totrinn.app.errors import TotrinnError
from totrinn.storage import Database
from totrinn.storage.migrating import current_revision
from totrinn.storage.tables import metadata

_TOLD = frozenset(
    ("host", "hostaddr", "port", "dbname", "user", "passfile", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl")
)
"""What PostgreSQL's own programs are told of the connection: they may know fewer options than the driver's library."""


class CopyFailed(TotrinnError):
    """The database could not be copied, or put back."""

    code = "copy_failed"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a database, and what was in it."""

    file: BinaryIO
    revision: str
    rows: dict[str, int]


@contextmanager
def copied(database: Database, folder: Path) -> Iterator[Copy]:
    """The copy, for as long as the block lasts; on the disk that this folder is on. Raises `CopyFailed`, `OSError`."""
    with database.engines.reading.connect() as connection, connection.begin():
        take = _dump if connection.dialect.name == "postgresql" else _copy_sqlite
        file, rows = take(connection, folder)
        revision = current_revision(connection)
    with file:
        yield Copy(file, revision or "", rows)


def count_rows(connection: Connection, tables: Iterable[str]) -> dict[str, int]:
    """How many rows each of these tables has."""
    count = sa.select(sa.func.count())
    return {name: connection.execute(count.select_from(sa.table(name))).scalar_one() for name in tables}


def _copy_sqlite(connection: Connection, folder: Path) -> tuple[BinaryIO, dict[str, int]]:
    rows = count_rows(connection, metadata.tables)  # the first statement: from here on the transaction sees this state
    descriptor, name = tempfile.mkstemp(prefix=".backup-", dir=folder)
    os.close(descriptor)
    source = _driver(connection)
    try:
        with closing(sqlite3.connect(name)) as copy:
            copy.execute("PRAGMA journal_mode = OFF")
            copy.execute("PRAGMA synchronous = OFF")
            source.backup(copy)
        return Path(name).open("rb"), rows
    except sqlite3.Error as error:
        raise CopyFailed(f"the database could not be copied to {folder}: {error}") from error
    finally:
        Path(name).unlink()


def _dump(connection: Connection, folder: Path) -> tuple[BinaryIO, dict[str, int]]:
    program = _program("pg_dump", connection)
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
    rows = count_rows(connection, metadata.tables)
    command = [program, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile(dir=folder))
        _run([*command, f"--dbname={_address(connection)}"], connection, stdout=file)
        file.seek(0)
        stack.pop_all()
    return file, rows


def put_back_sqlite(source: IO[bytes], file: Path) -> None:
    """Writes the copy to a new file that only its owner can read."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as target:
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())


def put_back_postgresql(source: IO[bytes], database: Database, room: Path) -> None:
    """Restores a dump into an empty database, all or nothing, without its revision: until somebody writes that, nothing
    can be served from it. The dump needs its room in a folder meanwhile. Raises `CopyFailed`.
    """
    with database.engines.reading.connect() as connection, connection.begin():
        program = _program("pg_restore", connection)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=room) as folder:
            dump, listed = Path(folder) / "dump", Path(folder) / "list"
            put_back_sqlite(source, dump)
            with listed.open("wb") as found:
                _run([program, "--list", str(dump)], connection, stdout=found)
            lines = listed.read_text().splitlines(keepends=True)
            listed.write_text("".join(line for line in lines if "TABLE DATA public alembic_version" not in line))
            command = [program, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
            _run([*command, f"--use-list={listed}", f"--dbname={_address(connection)}", str(dump)], connection)


def _program(name: str, connection: Connection) -> str:
    """The program on the PATH, if it is as new as the server."""
    found = shutil.which(name)
    if found is None:
        raise CopyFailed(f"{name} is not on the PATH: install PostgreSQL's client programs (postgresql-client)")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\) (\d+)", said)
    server = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
    if version is None or int(version[1]) < server:
        raise CopyFailed(f"{found} is older than the server, which is PostgreSQL {server}: install its client programs")
    return found


def _address(connection: Connection) -> str:
    from psycopg.conninfo import make_conninfo

    known = _driver(connection).info.get_parameters()
    return make_conninfo(**{name: value for name, value in known.items() if name in _TOLD})


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _run(command: list[str], connection: Connection, stdout: BinaryIO | int = subprocess.DEVNULL) -> None:
    password = _driver(connection).info.password
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, env=environment, check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise CopyFailed(said or f"{Path(command[0]).name} ended with {done.returncode}")
