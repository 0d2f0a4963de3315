"""Putting a backup back, into an empty place, whole or not at all.

A database of an earlier time knows spent codes as unspent and ended sessions as live (R16, R53). Before anything is
served from it, every session, unfinished sign-in, one-time link and confirmation ends, and no authenticator accepts a
code of this or any earlier time step.
"""

import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from totrinn.app.auditing import verify_log
from totrinn.app.errors import TotrinnError
from totrinn.app.landing import Visitor
from totrinn.app.operating import log_of_installation
from totrinn.app.ports import Unit
from totrinn.backing_up.age_keys import Identity
from totrinn.backing_up.archive import Opened, read_archive
from totrinn.backing_up.copies import count_rows, put_back_postgresql, put_back_sqlite
from totrinn.bootstrap import join, key_place, open_database
from totrinn.config import DATABASE_FILE, Settings
from totrinn.core.events import Kind, Source
from totrinn.core.totp import ACCEPTED_SKEW, step_at
from totrinn.crypto import KeyVault, keys_of_text, sync_folder, write_keys
from totrinn.storage import Database
from totrinn.storage.migrating import revisions
from totrinn.storage.tables import metadata

_FUNCTIONS = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"


class RestoreRefused(TotrinnError):
    """The backup was not put back; the place is as it was."""

    code = "restore_refused"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What whoever restores has agreed to."""

    migrate: bool = False
    renew_recovery_codes: bool = False
    accept_faulty_log: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and what was ended for safety's sake."""

    made_at: datetime
    rows: int
    ended: int
    authenticators_moved: int
    recovery_codes_deleted: int
    log_is_sound: bool


def restore(
    settings: Settings, visitor: Visitor, source: Source, file: Path, identities: Sequence[Identity], wishes: Wishes
) -> Restored:
    """Puts a backup back into an empty folder, or an empty PostgreSQL database.

    Raises `RestoreRefused`, `BackupBroken`, `CopyFailed`, `KeysWrong`, `OSError`.
    """
    folder = _refuse_unless_empty(settings)
    with file.open("rb") as encrypted, tempfile.TemporaryFile(dir=folder) as plain:
        opened = read_archive(encrypted, plain, identities)
        _refuse_other_kinds(settings, opened, wishes)
        if settings.is_embedded:
            return _into_folder(settings, visitor, source, opened, wishes)
        return _into_postgresql(settings, visitor, source, opened, wishes, folder)


def _refuse_unless_empty(settings: Settings) -> Path:
    """The folder on whose disk there is to be room."""
    if settings.data is None:
        raise RestoreRefused("it is not known where the keys go: give --data DIR")
    if settings.is_embedded and settings.data.exists() and any(settings.data.iterdir()):
        raise RestoreRefused(f"{settings.data} is not empty: a backup goes into an empty place only")
    if not settings.is_embedded:
        if settings.keys.is_dir() and any(settings.keys.iterdir()):
            raise RestoreRefused(f"{settings.keys} is not empty: a backup goes into an empty place only")
        with open_database(settings, must_exist=True) as database, database.engines.reading.connect() as connection:
            if sa.inspect(connection).get_table_names():
                raise RestoreRefused("the database is not empty: a backup goes into an empty place only")
    return next(place for place in (settings.data, *settings.data.parents) if place.is_dir())


def _refuse_other_kinds(settings: Settings, opened: Opened, wishes: Wishes) -> None:
    manifest = opened.manifest
    if (manifest.database == "sqlite") is not settings.is_embedded:
        raise RestoreRefused(
            f"the backup is of {manifest.database}: restore it there; `totrinn move` leads from SQLite to PostgreSQL"
        )
    if manifest.revision not in revisions():
        raise RestoreRefused(
            f"the backup has revision {manifest.revision}, which this program does not know: install Totrinn"
            f" {manifest.program} or newer"
        )
    if manifest.revision != revisions()[-1] and not wishes.migrate:
        raise RestoreRefused(
            f"the backup has revision {manifest.revision}, this program needs {revisions()[-1]}:"
            " --migrate renews its tables, too"
        )
    if not opened.keys and not (settings.keys_text or settings.keys_file):
        raise RestoreRefused("the backup holds no keys: put them back first, and set TOTRINN_KEYS_FILE to them")


def _into_folder(settings: Settings, visitor: Visitor, source: Source, opened: Opened, wishes: Wishes) -> Restored:
    """In a folder beside the right one, which it becomes when all is well."""
    data = settings.data
    if data is None:
        raise RestoreRefused("it is not known where the data goes: give --data DIR")
    unfinished = data.with_name(f".{data.name}.{secrets.token_hex(4)}")
    unfinished.mkdir(mode=0o700, parents=True)
    try:
        aside = replace(settings, data=unfinished, database=f"sqlite:///{unfinished / DATABASE_FILE}")
        put_back_sqlite(opened.database, unfinished / DATABASE_FILE)
        vault = _put_back_keys(aside, opened)
        with open_database(aside, must_exist=True) as database:
            _look_over_sqlite(database)
            restored = _make_safe(aside, database, vault, visitor, source, opened, wishes)
        unfinished.rename(data)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    sync_folder(data.parent)
    return restored


def _into_postgresql(
    settings: Settings, visitor: Visitor, source: Source, opened: Opened, wishes: Wishes, room: Path
) -> Restored:
    """Nothing can be served from it until the revision is written, which is done with all that makes it safe."""
    with open_database(settings, must_exist=True) as database:
        put_back_postgresql(opened.database, database, room)
        try:
            vault = _put_back_keys(settings, opened)
            return _make_safe(settings, database, vault, visitor, source, opened, wishes)
        except BaseException:
            _empty(database)
            if opened.keys and not (settings.keys_text or settings.keys_file):
                shutil.rmtree(settings.keys, ignore_errors=True)
            raise


def _put_back_keys(settings: Settings, opened: Opened) -> KeyVault:
    """Keys that the settings name go before those of the backup; they must be the right ones either way."""
    if not (settings.keys_text or settings.keys_file):
        write_keys(settings.keys, keys_of_text(opened.keys))
    return KeyVault.at(key_place(settings))


def _look_over_sqlite(database: Database) -> None:
    with database.engines.reading.connect() as connection, connection.begin():
        said = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        astray = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if list(said) != ["ok"] or astray is not None:
        raise RestoreRefused("the database in the backup is damaged: SQLite's own check finds faults in it")


def _make_safe(
    settings: Settings,
    database: Database,
    vault: KeyVault,
    visitor: Visitor,
    source: Source,
    opened: Opened,
    wishes: Wishes,
) -> Restored:
    """Compares it with the manifest, ends what must not come alive again, checks keys and log."""
    manifest = opened.manifest
    with database.engines.reading.connect() as connection, connection.begin():
        if count_rows(connection, manifest.rows) != manifest.rows:
            raise RestoreRefused("the database does not have the rows that the backup's manifest tells of")
    with database.writing() as unit:
        ended, moved, deleted = _end_what_was(unit, visitor, wishes)
        if not settings.is_embedded:
            unit.aftermath.state_revision(manifest.revision)
    database.migrate()
    installation = join(settings, database, vault)
    is_sound = verify_log(installation.services).is_sound
    if not is_sound and not wishes.accept_faulty_log:
        raise RestoreRefused("somebody had tampered with the log in the backup: --accept-faulty-log restores it anyhow")
    with database.writing() as unit:
        made_at = manifest.made_at.isoformat(timespec="seconds")
        log_of_installation(unit, visitor, source, Kind.BACKUP_RESTORED, made_at=made_at)
    return Restored(manifest.made_at, sum(manifest.rows.values()), ended, moved, deleted, is_sound)


def _end_what_was(unit: Unit, visitor: Visitor, wishes: Wishes) -> tuple[int, int, int]:
    ended = unit.aftermath.end_all_proofs()
    unit.aftermath.forget_processes()
    # A code of the next step may have been accepted already, from an app whose clock is ahead.
    moved = unit.aftermath.raise_steps(step_at(visitor.now) + ACCEPTED_SKEW)
    deleted = unit.aftermath.forget_recovery_codes() if wishes.renew_recovery_codes else 0
    return ended, moved, deleted


def _empty(database: Database) -> None:
    """Takes away again what was put into an empty database."""
    with database.engines.writing.connect() as connection, connection.begin():
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        for function in connection.exec_driver_sql(_FUNCTIONS).scalars().all():
            connection.exec_driver_sql(f"DROP FUNCTION {function}")
