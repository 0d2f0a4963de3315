"""Counters of failures, and browsers that are known."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.storage.examples import NOW, add_person, digest
from totrinn.core.throttle import ADDRESS_WINDOW, Counter
from totrinn.storage import Database


def test_a_counter_is_kept_until_it_is_cleared(database: Database) -> None:
    """What was saved is read again, by reading and by locking; an unknown key counts zero."""
    counter = Counter(3, NOW)
    with database.writing() as unit:
        assert unit.throttles.read("a") == unit.throttles.lock("a") == Counter()
        unit.throttles.save("a", counter)
        unit.throttles.save("b", Counter(9, NOW))
    with database.writing() as unit:
        assert unit.throttles.read("a") == unit.throttles.lock("a") == counter
        unit.throttles.clear("a")
        assert unit.throttles.read("a") == Counter()
        assert unit.throttles.read("b") == Counter(9, NOW)


@pytest.mark.row("R15", "R13")
def test_no_failure_is_lost_when_many_fail_at_once(database: Database, url: str) -> None:
    """Fifty parallel failures at the same key, the very first included, count as fifty, also over several pools."""
    other = Database.open(url)
    together = threading.Barrier(50)

    def fail(number: int) -> None:
        together.wait()
        with (database if number % 2 else other).writing() as unit:
            counter = unit.throttles.lock("the same key")
            unit.throttles.save("the same key", replace(counter, failures=counter.failures + 1, last_at=NOW))

    try:
        with ThreadPoolExecutor(50) as pool:
            list(pool.map(fail, range(50)))
        with database.reading() as unit:
            assert unit.throttles.read("the same key") == Counter(50, NOW)
    finally:
        other.close()


@pytest.mark.row("R15")
def test_counters_survive_a_restart(database: Database, url: str) -> None:
    """A counter that was saved is there when the database is opened again."""
    with database.writing() as unit:
        unit.throttles.save("a", Counter(4, NOW))
    database.close()
    again = Database.open(url)
    with again.reading() as unit:
        assert unit.throttles.read("a") == Counter(4, NOW)
    again.close()


@pytest.mark.row("R13")
def test_a_network_address_is_counted_with_its_accounts(database: Database) -> None:
    """Failures since a time, different accounts among them, and the oldest; other addresses do not count."""
    second = timedelta(seconds=1)
    with database.writing() as unit:
        assert unit.throttles.address_failures("192.0.2.1", NOW) == (0, 0, None)
        for number, account in enumerate(("a", "b", "a", "c")):
            unit.throttles.add_address_failure("192.0.2.1", account, NOW + number * second)
        unit.throttles.add_address_failure("192.0.2.2", "d", NOW)
        assert unit.throttles.address_failures("192.0.2.1", NOW) == (4, 3, NOW)
        assert unit.throttles.address_failures("192.0.2.1", NOW + 2 * second) == (2, 2, NOW + 2 * second)


@pytest.mark.row("R95")
def test_network_addresses_are_forgotten_when_they_no_longer_count(database: Database) -> None:
    """A failure that is older than the window goes when the same address fails again."""
    later = NOW + ADDRESS_WINDOW + timedelta(seconds=1)
    with database.writing() as unit:
        unit.throttles.add_address_failure("192.0.2.1", "a", NOW)
        unit.throttles.add_address_failure("192.0.2.1", "b", later)
        assert unit.throttles.address_failures("192.0.2.1", NOW - timedelta(days=1)) == (1, 1, later)


@pytest.mark.row("R14", "R54")
def test_a_browser_is_known_for_its_own_people(database: Database) -> None:
    """A browser is known for whoever has signed in with it, as often as they do."""
    with database.writing() as unit:
        person, other = add_person(unit), add_person(unit)
        assert not unit.devices.knows_any(digest("a"))
        unit.devices.remember(digest("a"), person.id, NOW)
        unit.devices.remember(digest("a"), person.id, NOW + timedelta(days=1))
        assert unit.devices.knows(digest("a"), person.id)
        assert unit.devices.knows_any(digest("a"))
        assert not unit.devices.knows(digest("a"), other.id)
        assert not unit.devices.knows(digest("b"), person.id)
        unit.devices.remember(digest("a"), other.id, NOW)
        assert unit.devices.knows(digest("a"), other.id)
