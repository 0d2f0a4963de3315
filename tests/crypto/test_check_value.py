"""Wrong keys are found at the start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from totrinn.crypto import KeysWrong, KeyVault, check_keys, renew_check_value, write_new_key
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
        with pytest.raises(KeysWrong):
            renew_check_value(database, other)
    check_keys(database, KeyVault.load(keys))


def test_a_missing_key_is_noticed(database: Database, keys: Path) -> None:
    """Without the oldest key, which all digests are made with, the others are refused, even after a renewal."""
    (oldest,) = keys.iterdir()
    write_new_key(keys)
    renew_check_value(database, KeyVault.load(keys))
    check_keys(database, KeyVault.load(keys))
    oldest.unlink()
    with pytest.raises(KeysWrong):
        check_keys(database, KeyVault.load(keys))


@pytest.mark.parametrize("value", ["x", "x y", "AAAA AAAA", " "])
def test_a_damaged_check_value_is_refused(database: Database, keys: Path, value: str) -> None:
    """What cannot be read is not taken for right."""
    with database.writing() as unit:
        unit.installation.write("check value of the keys", value)
    with pytest.raises(KeysWrong):
        check_keys(database, KeyVault.load(keys))
