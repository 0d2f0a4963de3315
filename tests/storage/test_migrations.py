"""The history of the tables: it leads from nothing to what the program knows, and never back."""

import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from tests.storage.examples import PROOF, a_signin, add_member, add_organisation, add_session, an_event, digest
from tests.storage.sso_examples import add_connection, add_linked
from totrinn.app.applications.grant_records import Channel
from totrinn.app.records import MemberCounts
from totrinn.storage import Database, DatabaseNotMigrated, DatabaseTooNew, migrating
from totrinn.storage.columns import instant
from totrinn.storage.tables import metadata

BROKEN = """
revision = "0099"
down_revision = "{}"

def upgrade():
    raise KeyError("broken")
"""


def shape(engine: Engine) -> dict[str, Any]:
    """Everything about the tables that a database tells."""
    inspector = sa.inspect(engine)
    found = {}
    for table in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        columns = {
            column["name"]: (str(column["type"]), column["nullable"], column.get("default"), column.get("collation"))
            for column in inspector.get_columns(table)
        }
        found[table] = {
            "columns": columns,
            "primary key": inspector.get_pk_constraint(table),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
            "indexes": sorted(f"{_where(index)} {index}" for index in inspector.get_indexes(table)),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(table))),
        }
    return found


def _where(index: Any) -> str:
    """The condition of a partial index, in text; taken out, since its object says nothing."""
    options = index.pop("dialect_options", {})
    return " ".join(f"{name}={value}" for name, value in sorted(options.items()))


def test_the_migrations_make_the_tables_that_the_program_knows(empty_url: str) -> None:
    """Tables, columns, types, keys and indexes are the same as those in `tables.py`, and nothing else is there."""
    database = Database.open(empty_url)
    database.migrate()
    migrated = shape(database.engines.reading)
    with database.engines.writing.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            table.drop(connection)
        metadata.create_all(connection)
    assert migrated == shape(database.engines.reading)
    assert set(migrated) == set(metadata.tables)
    database.close()


def test_an_old_database_is_refused_until_it_is_migrated(empty_url: str) -> None:
    """Without tables nothing is served; with them, and again after migrating once more, everything is well."""
    database = Database.open(empty_url)
    with pytest.raises(DatabaseNotMigrated, match="no tables"):
        database.check()
    database.migrate()
    database.migrate()
    database.check()
    database.close()


def test_a_newer_database_is_refused_and_left_alone(empty_url: str) -> None:
    """A revision that the program does not know is refused by checking and by migrating."""
    database = Database.open(empty_url)
    database.migrate()
    with database.engines.writing.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = shape(database.engines.reading)
    for attempt in (database.check, database.migrate):
        with pytest.raises(DatabaseTooNew, match="9999"):
            attempt()
    assert shape(database.engines.reading) == before
    database.close()


def test_a_failed_migration_leaves_nothing_behind(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or nothing, on both databases: a step that fails undoes those before it."""
    broken = tmp_path / "migrations"
    shutil.copytree(migrating._MIGRATIONS, broken)
    (broken / "versions" / "0099_broken.py").write_text(BROKEN.format(migrating.revisions()[-1]))
    monkeypatch.setattr(migrating, "_MIGRATIONS", broken)
    database = Database.open(empty_url)
    with pytest.raises(KeyError, match="broken"):
        database.migrate()
    assert sa.inspect(database.engines.reading).get_table_names() == []
    database.close()


def test_what_stands_in_the_first_tables_stays(empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database with people, sessions and numbers in it is migrated: all are there, and may what they might."""
    rows, columns = _filled_at_the_first_revision(empty_url, tmp_path, monkeypatch)
    database = Database.open(empty_url)
    database.migrate()
    database.check()
    with database.engines.reading.connect() as connection:
        for table, names in columns.items():
            kept = sa.table(table, *map(sa.column, names))
            found = [tuple(row) for row in connection.execute(sa.select(*kept.c)).all()]
            assert sorted(found, key=str) == sorted(rows[table], key=str)
    with database.writing() as unit:
        live, opened = unit.sessions.find(digest("session")), unit.signins.find(digest("signin"))
        assert live is not None
        assert opened is not None
        assert (live.session.proof, live.connection) == (PROOF, None)
        assert (opened.signin.proof, opened.connection) == (PROOF, None)
        assert live.standing.takes_password
        organisation = live.standing.organisation
        assert organisation is not None
        assert not organisation.passwords_closed
        assert unit.keepers.names(organisation.id) == ()
        assert unit.members.counts(organisation.id) == MemberCounts(missing=1, has=1, sso=0)
        assert unit.members.listed(organisation.id) == 3
        invited = unit.members.page(organisation.id, query="nordmann inv", filter_="all", limit=9)
        assert [member.name for member in invited.members] == ["Inv Nordmann"]
        told = unit.log.search(organisation.id, query="former", kind="", before=None, limit=9)
        assert [event.person_name for event in told.events] == ["Former Member"]
        add_linked(unit, add_connection(unit, organisation.id))
    database.close()


def test_who_was_to_be_told_of_an_ended_session_still_is(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After as many attempts as before, and by the one channel that there was."""
    earlier = tmp_path / "earlier"
    shutil.copytree(migrating._MIGRATIONS, earlier)
    for file in (earlier / "versions").glob("[0-9]*_*.py"):
        if file.name >= "0013":
            file.unlink()
    database = Database.open(empty_url)
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "_MIGRATIONS", earlier)
        database.migrate()
    agreed = {"authentication": "none", "signing": "RS256", "back_channel": "https://app.example.no/logout"}
    over = {"application_id": "x", "person_id": "x", "organisation_id": "x", "session_id": None, "ended_at": 7}
    with database.engines.writing.begin() as connection:
        _insert(connection, "organisation")
        _insert(connection, "person")
        _insert(connection, "application", **agreed)
        _insert(connection, "application_grant", **over, tell_at=9, attempts=3)
    database.migrate()
    with database.reading() as unit:
        assert unit.grants.to_tell(instant(8)) == ()
        assert unit.grants.to_tell(instant(9)) == (("x", Channel.LOGOUT),)
        (told,) = unit.grants.untold("x", Channel.LOGOUT, instant(9), limit=9)
        assert (told.attempts, told.ended_at, told.why) == (3, instant(7), None)
        found = unit.applications.find("x")
        assert found is not None
        assert found.agreement.events == ""
    database.close()


def _insert(connection: sa.Connection, name: str, **known: object) -> None:
    """A row with these values, and with any that will do for what else there must be."""
    table = sa.Table(name, sa.MetaData(), autoload_with=connection, resolve_fks=False)
    needed = {
        column.name: "x" if column.type.python_type is str else column.type.python_type()
        for column in table.columns
        if not column.nullable and column.server_default is None
    }
    connection.execute(table.insert().values({**needed, **known}))


_FILLED = ("person", "organisation", "membership", "tally", "authenticator", "session", "signin", "event")


def _filled_at_the_first_revision(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, list[Any]], dict[str, list[str]]]:
    """The rows of a database at the first revision, and their columns: what today's program wrote, less what is new."""
    source = Database.open(f"sqlite:///{tmp_path / 'source.sqlite3'}")
    source.migrate()
    with source.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id, has_factor=True)
        add_member(unit, organisation.id)
        add_member(unit, organisation.id, name="Inv Nordmann", is_accepted=False)
        former = add_member(unit, organisation.id, name="Former Member")
        unit.log.write(an_event(organisation_id=organisation.id, person_id=former.id))
        unit.members.remove(organisation.id, former.id)
        add_session(unit, person.id, organisation.id, "session")
        unit.signins.add(digest("signin"), a_signin(person.id))
    first = tmp_path / "first"
    shutil.copytree(migrating._MIGRATIONS, first)
    for file in (first / "versions").glob("[0-9]*_*.py"):
        if not file.name.startswith("0001_"):
            file.unlink()
    target = Database.open(url)
    rows: dict[str, list[Any]] = {}
    columns: dict[str, list[str]] = {}
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "_MIGRATIONS", first)
        target.migrate()
    with source.engines.reading.connect() as read, target.engines.writing.begin() as write:
        for name in _FILLED:
            table = sa.Table(name, sa.MetaData(), autoload_with=write, resolve_fks=False)
            columns[name] = [column.name for column in table.columns]
            rows[name] = [tuple(row) for row in read.execute(sa.select(*table.columns)).all()]
            write.execute(table.insert(), [dict(zip(columns[name], row, strict=True)) for row in rows[name]])
    source.close()
    target.close()
    return rows, columns


def test_several_programs_may_migrate_at_once(empty_url: str) -> None:
    """One does, the others wait, and all find the tables made."""
    databases = [Database.open(empty_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Database.migrate, databases))
    for database in databases:
        database.check()
        database.close()


def test_the_files_are_one_line_of_history() -> None:
    """What the program takes from the names of the files is what Alembic reads in them."""
    settings = Config()
    settings.set_main_option("script_location", str(migrating._MIGRATIONS))
    settings.set_main_option("path_separator", "os")
    history = ScriptDirectory.from_config(settings)
    walked = tuple(script.revision for script in history.walk_revisions())
    assert migrating.revisions() == walked[::-1]
    assert history.get_heads() == [migrating.revisions()[-1]]


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """Neither the SQLite file nor its companions can be read by others on the machine."""
    database = Database.open(f"sqlite:///{tmp_path / 'a.sqlite3'}")
    database.migrate()
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    database.close()
    assert modes == {"a.sqlite3": 0o600, "a.sqlite3-wal": 0o600, "a.sqlite3-shm": 0o600}


def test_opening_the_file_again_takes_no_lock_away(tmp_path: Path) -> None:
    """What one opening has written is there for others, after the same process has opened and closed the file again.

    Another program that closes the file would otherwise believe that it was the last, and put the journal away.
    """
    file = tmp_path / "a.sqlite3"
    serving = Database.open(f"sqlite:///{file}")
    serving.migrate()
    Database.open(f"sqlite:///{file}").close()
    count = "print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM organisation').fetchone()[0])"
    seen = [sys.executable, "-c", f"import sqlite3, sys; {count}", str(file)]
    assert subprocess.run(seen, capture_output=True, text=True, check=True).stdout == "0\n"
    with serving.writing() as unit:
        add_organisation(unit)
    assert subprocess.run(seen, capture_output=True, text=True, check=True).stdout == "1\n"
    serving.close()
