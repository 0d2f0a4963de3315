"""`migrate` brings tables up to date, as `init` makes them; nothing else does where several programs share them."""

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.commands import command, programs_at_once
from tests.postgresql_server import PostgresqlServer
from totrinn.storage import Database, migrating

_NEWEST = migrating.revisions()[-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, ...]:
    """The words that name an installation whose tables are those of the first revision."""
    url = f"sqlite:///{tmp_path}/totrinn.sqlite3"
    if request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        url = server.url(server.create_database())
    old = tmp_path / "old"
    shutil.copytree(migrating._MIGRATIONS, old)
    for file in (old / "versions").glob("[0-9]*.py"):
        if not file.name.startswith("0001"):
            file.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrating, "_MIGRATIONS", old)
        database = Database.open(url)
        database.migrate()
        database.close()
    return ("--data", str(tmp_path), "--database", url)


def _set_revision(where: tuple[str, ...], revision: str) -> None:
    database = Database.open(where[-1])
    with database.engines.writing.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :new"), {"new": revision})
    database.close()


def test_it_says_from_which_revision_to_which(where: tuple[str, ...]) -> None:
    """The first time there is something to do, the second there is not."""
    assert command("migrate", *where, "--json").data == {"before": "0001", "after": _NEWEST}
    assert command("migrate", *where, "--json").data == {"before": _NEWEST, "after": _NEWEST}
    assert "nothing to do" in command("migrate", *where).out


def test_old_tables_are_not_served_and_the_command_that_renews_them_is_named(where: tuple[str, ...]) -> None:
    """`serve` and `doctor` agree; only the embedded form renews its own."""
    is_embedded = not where[-1].startswith("postgresql")
    place = where[:2] if is_embedded else where
    refused = command("doctor", *where, "--json")
    assert [found["mend"] for found in refused.data if found["about"] == "database"] == [
        " ".join(("totrinn migrate", *place))
    ]
    if not is_embedded:
        served = command("serve", *where)
        assert (served.status, served.err.count("\n")) == (1, 1)
        assert "0001" in served.err
        assert "run `totrinn migrate`" in served.err


def test_a_newer_database_is_refused_in_plain_words(where: tuple[str, ...]) -> None:
    """It is left as it is, and the way out is told."""
    _set_revision(where, "9999")
    for words in (("migrate",), ("init",), ("serve",)):
        refused = command(*words, *where)
        assert (refused.status, refused.err.count("\n")) == (1, 1)
        assert "a newer Totrinn has migrated it; install that one here" in refused.err


@pytest.mark.timeout(300)
def test_several_at_once_do_it_once(where: tuple[str, ...]) -> None:
    """Of three programs that start together one renews the tables, and the others find them renewed."""
    outcomes = programs_at_once(3, "migrate", *where, "--json")
    assert [outcome.err for outcome in outcomes] == [""] * 3
    assert sorted(outcome.data["before"] for outcome in outcomes) == ["0001", _NEWEST, _NEWEST]


def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    """A folder without an installation stays without one."""
    assert command("migrate", "--data", str(tmp_path)).status == 1
    assert list(tmp_path.iterdir()) == []
