"""Whatever can be taken once is taken once, however many try at the same moment."""

import pytest

from tests.storage.racing import RACES, Racers, race
from totrinn.storage import Database

pytestmark = [pytest.mark.row("R15", "R16", "R17", "R32", "R72", "R78", "R80"), pytest.mark.parametrize("name", RACES)]


def _prepared(database: Database, name: str) -> str:
    prepare, _ = RACES[name]
    with database.writing() as unit:
        return prepare(unit)


ROUNDS = 20


def test_one_of_fifty_threads_gets_it(database: Database, name: str) -> None:
    """Fifty threads of one process try; exactly one succeeds."""
    assert race(database, name, _prepared(database, name), threads=50) == 1


def test_one_of_three_processes_gets_it(database: Database, url: str, racers: Racers, name: str) -> None:
    """Three processes with eight threads each try, twenty times; each time one thread of one process succeeds."""
    for _ in range(ROUNDS):
        assert racers.race(url, name, _prepared(database, name), threads=8) == 1


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_so_it_is_a_thousand_times(database: Database, url: str, racers: Racers, name: str) -> None:
    """A thousand rounds of the same."""
    for _ in range(1000):
        assert racers.race(url, name, _prepared(database, name), threads=8) == 1
