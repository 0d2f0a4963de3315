"""Wrong keys are found at the start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from totrinn.app.ports import Unit
from totrinn.crypto import KeysWrong, KeyVault, check_keys, keys_of_database, make_active, retire, write_new_key
from totrinn.storage import Database

pytestmark = pytest.mark.row("R90", "R94")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    database = Database.open(f"sqlite:///{tmp_path / 'totrinn.sqlite3'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def keys(tmp_path: Path, database: Database) -> Path:
    """The keys that the database has met."""
    check_keys(database, KeyVault.create(tmp_path / "keys"))
    return tmp_path / "keys"


def test_the_right_keys_are_accepted(database: Database, keys: Path) -> None:
    """The keys that the database has met are accepted every time, and so are newer ones beside them."""
    check_keys(database, KeyVault.load(keys))
    write_new_key(keys)
    check_keys(database, KeyVault.load(keys))


def test_other_keys_are_refused(database: Database, keys: Path, tmp_path: Path) -> None:
    """Keys that were made anew are refused, and do not replace what the database knows."""
    other = KeyVault.create(tmp_path / "other")
    for _ in range(2):
        with pytest.raises(KeysWrong, match="not the ones"):
            check_keys(database, other)
        with pytest.raises(KeysWrong), database.writing() as unit:
            make_active(unit, other, other.active)
    check_keys(database, KeyVault.load(keys))


def renewed(database: Database, keys: Path) -> str:
    """Makes another key and has it be the active one; its id."""
    key = write_new_key(keys)
    with database.writing() as unit:
        make_active(unit, KeyVault.load(keys), key.id)
    return key.id


def test_a_key_that_waits_is_not_used(database: Database, keys: Path) -> None:
    """A newer key beside the active one seals nothing until the database says so, and then does everywhere."""
    first = KeyVault.load(keys)
    check_keys(database, first)
    waiting = write_new_key(keys)
    second = KeyVault.load(keys)
    check_keys(database, second)
    assert (first.active, second.active) == (first.digesting, first.digesting)
    with database.writing() as unit:
        make_active(unit, second, waiting.id)
    check_keys(database, first)
    assert (first.active, second.active) == (waiting.id, waiting.id)


def test_each_missing_key_is_noticed(database: Database, keys: Path) -> None:
    """Without the oldest key, or any that something may be sealed with, the others are refused."""
    renewed(database, keys)
    renewed(database, keys)
    for file in sorted(keys.iterdir()):
        aside = file.rename(keys.parent / file.name)
        with pytest.raises(KeysWrong):
            check_keys(database, KeyVault.load(keys))
        aside.rename(file)
    check_keys(database, KeyVault.load(keys))


def test_a_retired_key_is_not_missed(database: Database, keys: Path) -> None:
    """What nothing is sealed with any more may go; neither the oldest nor the active one may."""
    middle, last = renewed(database, keys), renewed(database, keys)
    vault = KeyVault.load(keys)
    with database.writing() as unit:
        retire(unit, vault, middle)
    for needed in (vault.digesting, last):
        with pytest.raises(KeysWrong), database.writing() as unit:
            retire(unit, vault, needed)
    (keys / f"{middle}.key").unlink()
    check_keys(database, KeyVault.load(keys))
    with database.reading() as unit:
        assert keys_of_database(unit).in_use == (vault.digesting, last)


def test_a_check_value_of_before_names_its_key(database: Database, keys: Path) -> None:
    """One that knows no ids in use is as good as it was: the key that sealed it is the active one."""
    name = "check value of the keys"

    def cut(unit: Unit) -> None:
        value = unit.installation.read(name) or ""
        unit.installation.write(name, " ".join(value.split()[:2]))

    with database.writing() as unit:
        cut(unit)
    vault = KeyVault.load(keys)
    check_keys(database, vault)
    with database.reading() as unit:
        assert keys_of_database(unit).in_use == (vault.active,)


@pytest.mark.parametrize("value", ["x", "x y", "AAAA AAAA", " "])
def test_a_damaged_check_value_is_refused(database: Database, keys: Path, value: str) -> None:
    """What cannot be read is not taken for right."""
    with database.writing() as unit:
        unit.installation.write("check value of the keys", value)
    with pytest.raises(KeysWrong):
        check_keys(database, KeyVault.load(keys))
