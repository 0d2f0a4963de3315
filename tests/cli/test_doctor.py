"""`doctor` finds what is not as it should be, and says what mends it."""

import sqlite3
from typing import Any

import pytest

from tests.cli.commands import command
from tests.cli.conftest import House


def findings(house: House, **settings: str) -> dict[str, list[dict[str, Any]]]:
    """What was found, by what it is about."""
    outcome = house.run("doctor", "--json", **settings)
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in outcome.data:
        found.setdefault(finding["about"], []).append(finding)
    assert outcome.status == int(any(f["level"] == "bad" for each in found.values() for f in each))
    return found


def test_a_fresh_installation_is_well(house: House) -> None:
    """Nothing is bad; that nobody is told by mail, and that there is no staff, is said."""
    found = findings(house)
    assert [f for each in found.values() for f in each if f["level"] == "bad"] == []
    assert "nobody is told" in found["mail"][0]["text"]
    assert found["vendor"][0]["mend"] == f"totrinn setup-link --data {house.data}"


def test_it_is_said_in_words_too(house: House) -> None:
    """One sign and one line for each finding, and the line that mends it under it."""
    outcome = house.run("doctor")
    assert outcome.status == 0
    assert "✓ keys: " in outcome.out
    assert f"    totrinn setup-link --data {house.data}\n" in outcome.out


@pytest.mark.row("R90")
def test_keys_that_others_may_read_are_bad(house: House) -> None:
    """And so is a database that they may read."""
    key = next((house.data / "keys").iterdir())
    key.chmod(0o640)
    (house.data / "totrinn.sqlite3").chmod(0o644)
    mends = {finding["mend"] for finding in findings(house)["files"]}
    assert mends == {f"chmod 600 {key}", f"chmod 600 {house.data / 'totrinn.sqlite3'}"}


@pytest.mark.row("R90")
def test_missing_and_wrong_keys_are_bad(house: House) -> None:
    """Nobody's second factor works without the right ones."""
    key = next((house.data / "keys").iterdir())
    key.rename(house.data / "kept")
    assert findings(house)["keys"][0]["level"] == "bad"
    assert command("init", "--data", str(house.data / "other")).status == 0
    other = next((house.data / "other" / "keys").iterdir())
    other.rename(house.data / "keys" / other.name)
    assert [finding["level"] for finding in findings(house)["keys"]] == ["ok", "bad"]


def test_a_folder_without_an_installation_is_bad(house: House) -> None:
    """The command that makes one is told."""
    (house.data / "totrinn.sqlite3").unlink()
    assert findings(house)["database"][0]["mend"].startswith("totrinn init --data ")


def test_a_database_of_a_newer_program_is_bad(house: House) -> None:
    """An older program must not touch it."""
    with sqlite3.connect(house.data / "totrinn.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert findings(house)["database"][0]["level"] == "bad"
    assert house.run("serve").status == 1


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        ({"TOTRINN_BASE_URL": "http://login.example"}, "bad"),
        ({"TOTRINN_BASE_URL": "https://login.example"}, "note"),
        ({"TOTRINN_BASE_URL": "https://login.example", "TOTRINN_TRUSTED_PROXIES": "10.0.0.1"}, "ok"),
        ({}, "note"),
    ],
    ids=["plain", "https", "proxy", "localhost"],
)
def test_the_base_address_is_looked_at(house: House, settings: dict[str, str], level: str) -> None:
    """Passwords in the clear are bad; what only this machine can reach is worth a note."""
    assert findings(house, **settings)["base address"][0]["level"] == level


@pytest.mark.parametrize(
    ("address", "is_noted"),
    [
        ("127.0.0.1:9100", False),
        ("10.0.0.4:9100", False),
        ("0.0.0.0:9100", True),
        ("[::]:9100", True),
        ("1.1.1.1:1", True),
    ],
)
def test_metrics_for_everybody_are_noted(house: House, address: str, is_noted: bool) -> None:
    """Whoever reaches their address reads them."""
    assert ("metrics" in findings(house, TOTRINN_METRICS=address)) is is_noted


def test_settings_that_are_none_are_noted(house: House) -> None:
    """Somebody believes that they have set something."""
    assert "TOTRINN_BASEURL" in findings(house, TOTRINN_BASEURL="https://x.example")["settings"][0]["text"]


def test_a_setting_that_cannot_be_right_is_bad(house: House) -> None:
    """It is said like everything else, not as an error of the doctor's."""
    assert findings(house, TOTRINN_PORT="many")["settings"][0]["level"] == "bad"


@pytest.mark.row("R92")
def test_a_log_that_was_tampered_with_is_bad(house: House) -> None:
    """Whoever looks an installation over learns of it, and `audit verify` says where."""
    from datetime import UTC, datetime, timedelta

    from totrinn.bootstrap import open_installation
    from totrinn.config import read_settings
    from totrinn.serving.housekeeping import keep_house

    with open_installation(read_settings({}, data=house.data)) as installation:
        keep_house(installation, datetime.now(UTC) + timedelta(minutes=1))
    assert house.done("audit", "verify", "--json").data["events"] > 0
    with sqlite3.connect(house.data / "totrinn.sqlite3") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE event SET actor = 'somebody else'")
    connection.close()
    assert findings(house)["log"][0]["level"] == "bad"
    verified = house.run("audit", "verify")
    assert verified.status == 1
    assert "tampered" in verified.out
    assert house.run("audit", "verify", "--json").data["is_sound"] is False
