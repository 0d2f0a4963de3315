"""A lease is one holder's at a time, until it runs out or is given up."""

from datetime import UTC, datetime, timedelta

from totrinn.storage import Database

LASTING = timedelta(minutes=3)
KEY = "a lease"


def take(database: Database, holder: str, at: datetime, lasting: timedelta = LASTING) -> bool:
    """Asks for it."""
    with database.writing() as unit:
        return unit.installation.take_lease(KEY, holder, at, lasting)


def give_up(database: Database, holder: str) -> None:
    """Gives it up, or tries to."""
    with database.writing() as unit:
        unit.installation.give_up_lease(KEY, holder)


def test_a_lease_is_one_holder_s(database: Database) -> None:
    """Its holder prolongs it; nobody else takes it, or ends it."""
    now = datetime.now(UTC)
    assert take(database, "one", now)
    assert take(database, "one", now)
    assert not take(database, "another", now)
    give_up(database, "another")
    assert not take(database, "another", now)


def test_what_is_given_up_is_free(database: Database) -> None:
    """At once, for the first who asks."""
    now = datetime.now(UTC)
    assert take(database, "one", now)
    give_up(database, "one")
    assert take(database, "another", now)
    assert not take(database, "one", now)


def test_what_has_run_out_is_free(database: Database) -> None:
    """Its former holder is one of those who may ask."""
    now = datetime.now(UTC)
    assert take(database, "one", now, timedelta(microseconds=-1))
    assert take(database, "another", now + timedelta(seconds=1))
    assert not take(database, "one", now + timedelta(seconds=1))


def test_a_server_s_own_clock_counts(database: Database, kind: str) -> None:
    """A node whose clock runs days ahead takes nobody's lease; where there is no server there is no other clock."""
    now = datetime.now(UTC)
    assert take(database, "one", now)
    assert take(database, "ahead", now + timedelta(days=2)) is (kind == "sqlite")
