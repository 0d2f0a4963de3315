"""Making and renewing the tables. There is one history for both databases, in `migrations/versions`.

Revisions are numbered `0001`, `0002`, … and their files begin with the number, so that a program which only wants to
know whether the tables are its own need not load Alembic.
"""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from totrinn.app.errors import TotrinnError
from totrinn.storage.engine import hold_migration_lock

_MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = sa.table("alembic_version", sa.column("version_num"))


class DatabaseTooNew(TotrinnError):
    """A newer program has migrated this database; an older one must not touch it."""

    code = "database_too_new"

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database has revision {revision}, which this program does not know: a newer Totrinn has migrated it;"
            " install that one here, too"
        )


class DatabaseNotMigrated(TotrinnError):
    """The tables are missing or older than the program."""

    code = "database_not_migrated"

    def __init__(self, revision: str | None) -> None:
        found, mend = ("has no tables yet", "init") if revision is None else (f"has revision {revision}", "migrate")
        super().__init__(f"the database {found}; this program needs {revisions()[-1]}: run `totrinn {mend}`")
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Migrated:
    """From which revision to which; `before` is None for a database that had no tables."""

    before: str | None
    after: str


def revisions() -> tuple[str, ...]:
    """The revisions that this program knows, the oldest first."""
    return tuple(sorted(file.name[:4] for file in (_MIGRATIONS / "versions").glob("[0-9][0-9][0-9][0-9]_*.py")))


def current_revision(connection: Connection) -> str | None:
    """The revision of the database; None when it has no tables yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.select(VERSION_TABLE.c.version_num)).scalar()


def check_revision(engine: Engine) -> None:
    """Raises `DatabaseTooNew` or `DatabaseNotMigrated` unless the tables are exactly those that this program knows."""
    with engine.connect() as connection:
        revision = current_revision(connection)
    _refuse_newer(revision)
    if revision != revisions()[-1]:
        raise DatabaseNotMigrated(revision)


def migrate(engine: Engine) -> Migrated:
    """Brings the tables up to date, all or nothing; of several that try at once, one does and the others wait.

    Raises `DatabaseTooNew` and changes nothing when the database is newer than the program.
    """
    with engine.begin() as connection:
        return migrate_within(connection)


def migrate_within(connection: Connection) -> Migrated:
    """The same, within a transaction of the caller's."""
    hold_migration_lock(connection)
    from alembic import command
    from alembic.config import Config

    before = current_revision(connection)
    _refuse_newer(before)
    settings = Config(attributes={"connection": connection})
    settings.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    command.upgrade(settings, "head")
    return Migrated(before, revisions()[-1])


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision not in revisions():
        raise DatabaseTooNew(revision)
