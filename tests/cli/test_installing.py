"""`init` makes an installation that is nobody's until somebody opens its one-time link."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.commands import command
from tests.cli.conftest import House
from tests.postgresql_server import PostgresqlServer
from totrinn.bootstrap import open_installation
from totrinn.config import read_settings
from totrinn.serving.housekeeping import delete_expired, seal


def modes(data: Path) -> dict[str, str]:
    """Who may read what there is."""
    return {
        path.relative_to(data).as_posix(): f"{stat.S_IMODE(path.stat().st_mode):o}"
        for path in (data, *data.rglob("*"))
        if not path.name.startswith("totrinn.sqlite3-")
    }


def test_only_the_owner_can_read_anything(house: House) -> None:
    """Folder, keys and database are closed to others (R90)."""
    found = modes(house.data)
    assert found.pop(".") == "700"
    assert found.pop("keys") == "700"
    assert set(found.values()) == {"600"}
    assert len([name for name in found if name.endswith(".key")]) == 1


@pytest.mark.row("R10")
def test_a_fresh_installation_has_no_account_and_one_link(tmp_path: Path) -> None:
    """Nobody can sign in before the link has been used; the link is random, and says how long it works."""
    made = command("init", "--data", str(tmp_path / "data"), "--json").data
    assert made["organisation"] == "vendor"
    assert len(made["setup_link"].rpartition("/")[2]) >= 43
    assert made["expires_at"]
    explained = command("explain", "root@localhost", "--organisation", "vendor", "--data", str(tmp_path / "data"))
    assert explained.status == 1


def test_init_may_be_run_again(house: House) -> None:
    """What is there stays: keys, tables, the vendor; only the link is issued anew."""
    before = modes(house.data)
    keys = [file.read_bytes() for file in (house.data / "keys").iterdir()]
    first, second = house.done("init").link("setup"), house.done("init").link("setup")
    assert first != second
    assert modes(house.data) == before
    assert [file.read_bytes() for file in (house.data / "keys").iterdir()] == keys


def test_init_issues_no_link_once_the_vendor_has_staff(house: House) -> None:
    """A link that makes one of the vendor's staff is not printed unasked."""
    house.done("vendor", "create", "staff@vendor.example", "--password-stdin", typed="en ganske lang setning\n")
    assert "/setup/" not in house.done("init").out
    assert house.done("init", "--json").data["setup_link"] is None
    assert house.done("setup-link").link("setup")


@pytest.mark.row("R90", "R94")
@pytest.mark.parametrize("words", [("init",), ("serve",), ("setup-link",), ("audit", "verify")])
def test_lost_keys_are_never_replaced(house: House, words: tuple[str, ...]) -> None:
    """Without its keys nothing starts, and no new ones are made."""
    for key in (house.data / "keys").iterdir():
        key.unlink()
    outcome = house.run(*words)
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert "keys" in outcome.err
    assert list((house.data / "keys").iterdir()) == []


@pytest.mark.row("R90", "R94")
@pytest.mark.parametrize("words", [("init",), ("serve",), ("setup-link",)])
def test_other_keys_are_refused(house: House, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Keys of another installation open nothing, and nothing is sealed with them."""
    other = tmp_path / "other"
    assert command("init", "--data", str(other)).status == 0
    for key in (house.data / "keys").iterdir():
        key.unlink()
    for key in (other / "keys").iterdir():
        key.rename(house.data / "keys" / key.name)
    outcome = house.run(*words)
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)


@pytest.mark.row("R90")
def test_keys_that_others_may_read_are_refused(house: House) -> None:
    """The line that mends it is told."""
    key = next((house.data / "keys").iterdir())
    key.chmod(0o644)
    outcome = house.run("serve")
    assert outcome.status == 1
    assert f"chmod 600 {key}" in outcome.err


def test_keys_may_be_handed_over_in_a_variable(house: House, tmp_path: Path) -> None:
    """The same keys work from a file that `TOTRINN_KEYS_FILE` names, and the folder is not looked at."""
    key = next((house.data / "keys").iterdir())
    handed = tmp_path / "keys"
    handed.write_text(f"{key.stem}:{key.read_text().strip()}\n", encoding="ascii")
    key.unlink()
    assert house.run("setup-link", TOTRINN_KEYS_FILE=str(handed)).status == 0
    assert house.run("setup-link").status == 1


def test_a_link_is_for_the_address_that_people_use(house: House) -> None:
    """The base address, whatever it is, stands before the path (R66)."""
    outcome = house.run("setup-link", TOTRINN_BASE_URL="https://login.example")
    assert "https://login.example/setup/" in outcome.out


def test_the_tables_may_be_in_postgresql(postgresql_server: PostgresqlServer, tmp_path: Path) -> None:
    """`init` makes them there, `doctor` looks at the clock, house is kept, and without `init` nothing is served."""
    address = postgresql_server.url(postgresql_server.create_database())
    where = ("--data", str(tmp_path), "--database", address)
    refused = command("serve", *where)
    assert refused.status == 1
    assert "totrinn init" in refused.err
    assert command("init", *where).status == 0
    assert not (tmp_path / "totrinn.sqlite3").exists()
    assert command("organisation", "create", "Fjordly AS", "--slug", "fjordly", *where).status == 0
    found = {(finding["about"], finding["level"]) for finding in command("doctor", "--json", *where).data}
    assert {("clock", "ok"), ("database", "ok"), ("keys", "ok")} <= found
    with open_installation(read_settings({}, data=tmp_path, database=address)) as installation:
        assert seal(installation, datetime.now(UTC) + timedelta(minutes=1)) > 0
        assert delete_expired(installation, datetime.now(UTC) + timedelta(days=1)) == 1  # the set-up link
    assert command("audit", "verify", "--json", *where).data["is_sound"] is True
