"""The mark that SQLite leaves for the gate: at every change of what checks rest on, and at nothing else."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.storage.examples import add_member, add_organisation, add_session, digest
from tests.storage.sso_examples import a_proof, add_connection, add_linked
from tests.storage.test_gate_reading import HOST, OTHER, Stored, _application, _pass_for
from totrinn.storage import Database
from totrinn.storage.gate_mark import LOOK, _read_by, is_watched
from totrinn.storage.gate_sqlite import SqliteGateReads

_ROUNDS = 1000
_WRITER = """
import sys, sqlalchemy as sa
engine = sa.create_engine(sys.argv[1])
for line in sys.stdin:
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON") if engine.dialect.name == "sqlite" else None
        connection.exec_driver_sql(line)
    print("done", flush=True)
"""


@pytest.fixture
def furnished(database: Database) -> Stored:
    """A session with a pass, another through SSO, and a host that leads elsewhere."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        person = add_member(unit, organisation.id, has_factor=True)
        session = add_session(unit, person.id, organisation.id, "session")
        application = _application(unit, HOST)
        _application(unit, OTHER)
        _pass_for(unit, session, application)
        _, identity = add_linked(unit, add_connection(unit))
        by_sso = add_session(
            unit, identity.person_id, identity.organisation_id, "by sso", proof=a_proof(identity, session="name")
        )
        _pass_for(unit, by_sso, application, "pass by sso")
    return Stored(session, application)


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _questions(database: Database) -> list[tuple[str, int]]:
    reads = database.gate_reads()
    assert isinstance(reads, SqliteGateReads)
    return [(each.words, each.places) for each in (reads._behind_pass, reads._behind_session)]


@contextmanager
def _opened(url: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(_file(url), isolation_level=None, timeout=30)
    connection.execute("PRAGMA foreign_keys = ON")
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture
def kind() -> str:
    """Only a file has a mark."""
    return "sqlite"


@pytest.mark.row("R41")
def test_every_column_that_is_read_is_watched(database: Database, furnished: Stored, url: str) -> None:
    """By SQLite's own account of what the gate reads; without any one of the triggers the mark is not relied on."""
    with _opened(url) as connection:
        questions = _questions(database)
        assert is_watched(connection, questions)
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE 'gate_mark_%'").fetchall()
        assert len(triggers) > 20
        for name, sql in triggers:
            connection.execute(f"DROP TRIGGER {name}")
            assert not is_watched(connection, questions), name
            connection.execute(sql)
        assert is_watched(connection, questions)
        connection.execute("ALTER TABLE person ADD COLUMN more TEXT")
        assert not is_watched(connection, [("SELECT more FROM person WHERE id = ?", 1)]), "a column that came later"


@pytest.mark.row("R41")
def test_each_change_leaves_a_new_mark(database: Database, furnished: Stored, url: str) -> None:
    """Every column that is read, every row that goes, also with what it belongs to; but not who was there lately."""
    with _opened(url) as connection:

        def leaves(sql: str) -> bool:
            before = connection.execute(LOOK).fetchone()
            connection.execute(sql)
            return bool(connection.execute(LOOK).fetchone() != before)

        read = {pair for words, places in _questions(database) for pair in _read_by(connection, words, places)}
        assert len(read) > 50
        for table, column in read - {("session", "last_seen")}:
            assert leaves(f"UPDATE {table} SET {column} = {column}"), (table, column)
        assert not leaves("UPDATE session SET last_seen = last_seen + 1")
        assert not leaves("UPDATE authenticator SET last_step = last_step + 1")
        assert not leaves("INSERT INTO installation (key, value) VALUES ('other', '1')")
        for table in sorted({table for table, _ in read}):
            connection.execute("BEGIN")
            connection.execute("PRAGMA defer_foreign_keys = ON")
            assert leaves(f"DELETE FROM {table}"), table
            connection.execute("ROLLBACK")
        before = connection.execute("SELECT count(*) FROM gate_pass").fetchone()
        assert leaves("DELETE FROM session WHERE id IN (SELECT session_id FROM gate_pass LIMIT 1)")
        assert connection.execute("SELECT count(*) FROM gate_pass").fetchone() != before
        assert leaves("DELETE FROM gate_pass"), "by itself, too"


def _changes(stored: Stored) -> list[str]:
    """Each alone makes the answer another one, and the next time takes that back."""
    session, application = stored.session, stored.application
    whose, where = f"id = '{session.person_id}'", f"id = '{session.organisation_id}'"
    place = f"person_id = '{session.person_id}'"
    return [
        f"UPDATE person SET is_active = NOT is_active WHERE {whose}",
        f"UPDATE person SET version = version + 1 WHERE {whose}",
        f"UPDATE organisation SET required_since = CASE WHEN required_since IS NULL THEN 1 END WHERE {where}",
        f"UPDATE membership SET accepted_at = CASE WHEN accepted_at IS NULL THEN 1 END WHERE {place}",
        f"UPDATE application SET is_enabled = NOT is_enabled WHERE id = '{application.id}'",
        f"UPDATE gate_pass SET host = CASE host WHEN '{HOST}' THEN '{OTHER}' ELSE '{HOST}' END",
        "UPDATE connection SET is_enabled = NOT is_enabled",
        f"UPDATE organisation SET passwords_closed = NOT passwords_closed WHERE {where}",
        "UPDATE session SET person_version = 3 - person_version",
    ]


@pytest.mark.row("R41")
def test_no_answer_is_older_than_the_change_before_it(database: Database, furnished: Stored, url: str) -> None:
    """A thousand changes by another process, each between two checks: what is kept is what a newcomer would read."""
    changes = _changes(furnished)
    beside = "UPDATE authenticator SET last_step = last_step + 1"

    async def look(writer: "subprocess.Popen[str]") -> int:
        reads, newcomer = database.gate_reads(), database.gate_reads()
        differing, before = 0, None
        assert writer.stdin is not None
        assert writer.stdout is not None
        for number in range(_ROUNDS):
            sql = changes[number // 2 % len(changes)]
            for line in (beside, sql):
                writer.stdin.write(line + "\n")
                writer.stdin.flush()
                assert writer.stdout.readline() == "done\n"
            found = [await reads.behind_pass(digest(label), HOST) for label in ("pass", "pass by sso")]
            newcomer.close()
            assert found == [await newcomer.behind_pass(digest(label), HOST) for label in ("pass", "pass by sso")], sql
            differing += found != before
            before = found
        reads.close()
        newcomer.close()
        return differing

    command = [sys.executable, "-c", _WRITER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert asyncio.run(look(writer)) > _ROUNDS * 0.9


@pytest.mark.row("R41")
def test_without_its_triggers_every_commit_counts(database: Database, furnished: Stored, url: str) -> None:
    """Dropped while the gate is at work, as by a table that is made anew: the very next change is felt."""

    async def look() -> None:
        reads = database.gate_reads()
        with _opened(url) as connection:
            first = await reads.behind_pass(digest("pass"), HOST)
            assert first is not None
            connection.execute("CREATE TABLE other (id)")
            connection.execute("DROP TABLE other")
            again = await reads.behind_pass(digest("pass"), HOST)
            assert again == first
            connection.execute("INSERT INTO installation (key, value) VALUES ('other', '1')")
            assert await reads.behind_pass(digest("pass"), HOST) is again, "another commit does not concern it"
            connection.execute("DROP TRIGGER gate_mark_person_update")
            for is_active in (False, True, False):
                connection.execute("UPDATE person SET is_active = ?", (is_active,))
                live = await reads.behind_pass(digest("pass"), HOST)
                assert live is not None
                assert live.standing.person.is_active is is_active
            connection.execute("DELETE FROM installation WHERE key = 'gate_mark'")
            connection.execute("UPDATE person SET is_active = TRUE")
            live = await reads.behind_pass(digest("pass"), HOST)
            assert live is not None
            assert live.standing.person.is_active
        reads.close()

    asyncio.run(look())
