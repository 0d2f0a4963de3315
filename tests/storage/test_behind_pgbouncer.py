"""The same promises with PgBouncer in between, in transaction mode: nothing depends on the state of a session."""

import pytest

from tests.pgbouncer import Pgbouncer
from tests.postgresql_server import PostgresqlServer
from tests.storage.racing import RACES, Racers
from tests.storage.test_one_time import *  # noqa: F403 - the tests of that file, on the database of this one
from tests.storage.test_signins_and_sessions import *  # noqa: F403
from tests.storage.test_throttles import *  # noqa: F403
from tests.storage.test_transactions import *  # noqa: F403
from totrinn.storage import Database, DatabaseNotMigrated


@pytest.fixture(params=["pgbouncer"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database this is."""
    return str(request.param)


@pytest.mark.row("R15", "R16", "R17")
@pytest.mark.parametrize("name", RACES)
def test_one_of_three_processes_gets_it(database: Database, url: str, racers: Racers, name: str) -> None:
    """Three processes with eight threads each try; exactly one thread of one process succeeds."""
    prepare, _ = RACES[name]
    for _ in range(3):
        with database.writing() as unit:
            subject = prepare(unit)
        assert racers.race(url, name, subject, threads=8) == 1


def test_tables_are_made_and_renewed_behind_it(postgresql_server: PostgresqlServer, pgbouncer: Pgbouncer) -> None:
    """Migrations need no session of their own, either."""
    database = Database.open(pgbouncer.url(postgresql_server.create_database()))
    with pytest.raises(DatabaseNotMigrated):
        database.check()
    assert database.migrate().before is None
    database.check()
    database.close()
