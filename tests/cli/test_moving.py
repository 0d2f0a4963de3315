"""`move` carries everything from the embedded database into PostgreSQL, or nothing; then only one of both is served."""

import shutil
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from tests.cli.commands import Outcome, command, environment
from tests.postgresql_server import PostgresqlServer
from totrinn.bootstrap import open_database, open_installation
from totrinn.config import read_settings
from totrinn.core.events import Event, Kind, Source
from totrinn.core.totp import step_at
from totrinn.serving.housekeeping import seal
from totrinn.storage.columns import Choice, Details, Exact, Instant, Text
from totrinn.storage.tables import metadata

ODD = (
    "Åse 🧑🏽‍🚀 Ærlig",
    "A\u030ase (NFD)",
    "\u00c5se (NFC)",
    r"\N \\ \t 'quoted' \"twice\" %s {}",
    "tab\tline\nreturn\r",
    "lang " * 20_000,
)
_FILLED_BY_USE = {"event", "seal", "installation"}
_ROWS = len(ODD)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with rows in every table, and a value in every column somewhere."""
    data = tmp_path_factory.mktemp("full") / "data"
    assert command("init", "--data", str(data)).status == 0
    with sqlite3.connect(data / "totrinn.sqlite3") as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for table in metadata.sorted_tables:
            if table.name not in _FILLED_BY_USE:
                _fill(connection, table)
    connection.close()
    now = datetime.now(UTC)
    with open_installation(read_settings({}, data=data)) as installation:
        for text in ODD:
            source = Source("operator:kari", address="2001:db8::1", browser=text[:300])
            event = Event(Kind.SIGNED_IN, now, source, "0 organisation", "0 person", {"reason": text})
            with installation.services.store.writing() as unit:
                unit.log.write(event)
        assert seal(installation, now + timedelta(minutes=1)) > _ROWS
    return data


@pytest.fixture
def data(full: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(full, tmp_path / "data"))


@pytest.fixture
def target(postgresql_server: PostgresqlServer) -> str:
    """The address of an empty database."""
    return postgresql_server.url(postgresql_server.create_database())


def moved(data: Path, target: str, *more: str) -> Outcome:
    """Runs the command."""
    return command("move", "--from", str(data), "--to", target, *more)


def _fill(connection: sqlite3.Connection, table: sa.Table) -> None:
    names = [column.name for column in table.columns]
    words = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    for number, text in enumerate(ODD):
        connection.execute(words, [_value(column, number, text) for column in table.columns])


def _value(column: sa.Column[Any], number: int, text: str) -> Any:
    """Something unlike in other rows where it must be, nothing in the last row where that may be."""
    kind = column.type
    if isinstance(kind, Text) and (column.foreign_keys or column.name == "id"):
        return f"{number} {_whose(column)}"
    if column.nullable and number == _ROWS - 1:
        return None
    if isinstance(kind, Choice):
        return list(kind.choices)[number % len(kind.choices)].value
    if isinstance(kind, sa.Boolean):
        return number % 2
    if isinstance(kind, sa.LargeBinary):
        return bytes([number, 0, 255, 92]) * 8
    if isinstance(kind, Instant):
        return 1_700_000_000_000_001 + number
    if isinstance(kind, sa.BigInteger):
        return 2**62 + number
    if isinstance(kind, sa.Integer):
        return number + 1
    if isinstance(kind, Exact):
        return f"{number} \\xe5"
    return "{}" if isinstance(kind, Details) else f"{number} {text}"


def _whose(column: sa.Column[Any]) -> str:
    """The table whose id stands in this column."""
    for key in column.foreign_keys:
        there = key.column
        return there.table.name if there.name == "id" else _whose(there)
    return column.table.name


def _rows(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Everything, as SQLAlchemy reads it; apart from what the migrations remember."""
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def _contents(data: Path, url: str | None) -> dict[str, list[tuple[Any, ...]]]:
    with open_database(read_settings({}, data=data, database=url), must_exist=True) as database:
        found = _rows(database.engines.reading)
    found["installation"] = [row for row in found["installation"] if row[0] != "moved to"]
    return found


def _relations(url: str) -> int:
    """How many tables there are, once nobody else is connected any more."""
    with psycopg.connect(url, autocommit=True) as connection:
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        last = time.monotonic() + 30
        while connection.execute(others).fetchone() != (0,):
            assert time.monotonic() < last
            time.sleep(0.05)
        found = connection.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        row = found.fetchone()
        assert row is not None
        return int(row[0])


def test_every_column_has_a_value_somewhere(full: Path) -> None:
    """What the other tests carry over is everything that there is to carry."""
    for table, rows in _contents(full, None).items():
        for number, column in enumerate(metadata.tables[table].columns):
            assert any(row[number] is not None for row in rows), column


def test_everything_arrives_and_is_served_from_there(data: Path, target: str) -> None:
    """Every value is the same, the keys fit, the log is whole, numbers go on, and the commands work there."""
    before = _contents(data, None)
    outcome = moved(data, target, "--json")
    assert outcome.status == 0, outcome.err
    assert {each["table"]: each["rows"] for each in outcome.data["tables"]} == {
        table: len(rows) for table, rows in before.items()
    }
    assert outcome.data["log_is_sound"]
    assert outcome.data["sealed_events"] == len(before["event"])
    assert _contents(data, target) == before == _contents(data, None)
    where = ("--data", str(data), "--database", target)
    assert command("audit", "verify", *where).status == 0
    assert command("setup-link", *where).status == 0
    with open_installation(read_settings({}, data=data, database=target)) as installation:
        for _ in range(2):
            with installation.services.store.writing() as unit:
                unit.throttles.add_address_failure("2001:db8::2", "account", datetime.now(UTC))


@pytest.mark.row("R94")
def test_the_folder_is_not_served_any_more_until_that_is_taken_back(data: Path, target: str) -> None:
    """Whatever opens it says where everything went and how to return; who returns does so without a session."""
    assert moved(data, target).status == 0
    for words in (("serve",), ("init",), ("setup-link",), ("audit", "verify")):
        refused = command(*words, "--data", str(data))
        assert (refused.status, refused.err.count("\n")) == (1, 1)
        assert "was moved to postgresql://totrinn@127.0.0.1" in refused.err
        assert "--undo" in refused.err
    assert command("doctor", "--data", str(data)).status == 1
    assert moved(data, target).status == 1
    assert command("move", "--from", str(data), "--undo", "--json").data == {"was_moved": True}
    assert command("move", "--from", str(data), "--undo", "--json").data == {"was_moved": False}
    assert command("audit", "verify", "--data", str(data)).status == 0
    left = _contents(data, None)
    assert left["session"] == left["signin"] == []
    assert left["person"]


@pytest.mark.row("R16")
def test_a_code_that_was_spent_there_is_not_accepted_here_again(data: Path, target: str) -> None:
    """Whoever returns does not know what was spent meanwhile: no code of this minute or before counts."""
    with sqlite3.connect(data / "totrinn.sqlite3") as connection:
        connection.execute("UPDATE authenticator SET last_step = 1")
    connection.close()
    assert moved(data, target).status == 0
    assert command("move", "--from", str(data), "--undo").status == 0
    left = _contents(data, None)
    last_step = list(metadata.tables["authenticator"].c.keys()).index("last_step")
    assert {row[last_step] > step_at(datetime.now(UTC)) for row in left["authenticator"]} == {True}
    assert left["confirmation"] == left["one_time_link"] == left["sso_attempt"] == []


def test_a_target_with_anything_in_it_is_left_alone(data: Path, target: str) -> None:
    """A table of somebody else's, in whatever schema, is enough."""
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA theirs; CREATE TABLE theirs.precious (x int)")
    outcome = moved(data, target)
    assert outcome.status == 1
    assert "theirs.precious" in outcome.err
    assert _relations(target) == 0
    assert command("audit", "verify", "--data", str(data)).status == 0


def test_what_arrives_changed_is_not_kept(data: Path, target: str) -> None:
    """A database that changes one value on the way in has kept nothing, and the folder goes on."""
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute(_MEDDLING)
    outcome = moved(data, target)
    assert outcome.status == 1
    assert "throttle is not the same" in outcome.err
    assert _relations(target) == 0
    assert command("audit", "verify", "--data", str(data)).status == 0


_MEDDLING = """
    CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.failures = 3 THEN NEW.failures := 2; END IF; RETURN NEW; END $$;
    CREATE FUNCTION meddle() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        IF to_regclass('throttle') IS NOT NULL AND
            NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'meddling') THEN
            CREATE TRIGGER meddling BEFORE INSERT ON throttle FOR EACH ROW EXECUTE FUNCTION more();
        END IF; END $$;
    CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION meddle();
"""


def test_nothing_is_moved_while_somebody_uses_the_folder(data: Path, target: str) -> None:
    """A server, or any command, that has it open is told of; and while it is being moved nobody opens it."""
    with open_installation(read_settings({}, data=data)):
        outcome = moved(data, target)
    assert outcome.status == 1
    assert "is in use: stop the server" in outcome.err
    assert _relations(target) == 0


def test_other_keys_or_an_old_folder_are_not_moved(data: Path, target: str, tmp_path: Path) -> None:
    """What could not be served here is not carried elsewhere."""
    assert command("init", "--data", str(tmp_path / "other")).status == 0
    shutil.rmtree(data / "keys")
    shutil.copytree(tmp_path / "other" / "keys", data / "keys")
    assert moved(data, target).status == 1
    assert _relations(target) == 0
    assert moved(data, f"sqlite:///{tmp_path}/x.sqlite3").status == 1
    assert moved(tmp_path / "nowhere", target).status == 1


@pytest.mark.row("R94")
@pytest.mark.timeout(300)
def test_killed_in_the_middle_it_leaves_all_or_nothing(
    data: Path, postgresql_server: PostgresqlServer, tmp_path: Path
) -> None:
    """Killed at any moment, the target is empty or whole, and never are both fit to be served."""
    with sqlite3.connect(data / "totrinn.sqlite3") as connection:
        rows = ((f"key{number}", number % 100, number) for number in range(30_000))
        connection.executemany("INSERT INTO throttle VALUES (?, ?, ?)", rows)
    connection.close()
    seen = set()
    for seconds, _ in zip(cycle((0.1, 0.6)), range(4), strict=False):
        copy = Path(shutil.copytree(data, tmp_path / f"copy{len(list(tmp_path.iterdir()))}"))
        target = postgresql_server.url(postgresql_server.create_database())
        words = [sys.executable, "-m", "totrinn", "move", "--from", str(copy), "--to", target]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
        _wait_for_work(target, process)
        time.sleep(seconds)
        process.kill()
        process.wait(30)
        is_whole = _relations(target) > 0
        here = command("audit", "verify", "--data", str(copy)).status == 0
        there = command("audit", "verify", "--data", str(copy), "--database", target).status == 0
        assert not (here and there)
        assert there == is_whole
        seen.add(is_whole)
    assert False in seen


def _wait_for_work(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Until somebody has begun to fill the database."""
    busy = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(busy).fetchone() == (0,) and process.poll() is None:
            time.sleep(0.01)
