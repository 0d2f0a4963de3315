"""Renewing keys, retiring them, and giving lost ones up."""

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.commands import command, environment
from tests.cli.conftest import House
from tests.cli.crowd import SLUG, Crowd
from totrinn.app.key_repositories import Node
from totrinn.bootstrap import open_installation
from totrinn.config import read_settings
from totrinn.core.events import Kind
from totrinn.storage import tables as t

pytestmark = pytest.mark.row("R90")


def ids(house: House) -> list[str]:
    """The keys, the oldest first."""
    return [key["id"] for key in house.done("keys", "list", "--json").data]


def uses(house: House) -> list[tuple[bool, bool, int]]:
    """Of each key: whether it seals, whether it digests, how much it has sealed."""
    listed = house.done("keys", "list", "--json").data
    return [(key["is_active"], key["is_digesting"], key["sealed"]) for key in listed]


def test_a_key_that_was_added_waits(house: House) -> None:
    """It is there and seals nothing; a second one is not made beside it; the rotation takes it."""
    house.done("keys", "add")
    added = ids(house)
    house.done("keys", "add")
    assert ids(house) == added
    assert uses(house) == [(True, True, 0), (False, False, 0)]
    house.done("keys", "rotate")
    assert ids(house) == added
    assert uses(house) == [(False, True, 0), (True, False, 0)]
    assert "digests" in house.done("keys", "list").out


def test_what_is_needed_is_not_retired(house: House) -> None:
    """Neither the key of the digests, nor the active one, nor one that waits, nor one that is not there."""
    house.done("keys", "rotate")
    house.done("keys", "rotate")
    house.done("keys", "add")
    first, middle, active, waiting = ids(house)
    for needed in (first, active, waiting, "0009-00000000"):
        assert house.run("keys", "retire", needed).status == 1
    house.done("keys", "retire", middle)
    assert ids(house) == [first, active, waiting]
    assert house.run("doctor").status == 0


def test_the_start_is_refused_without_a_key_that_is_in_use(house: House) -> None:
    """A key that something may be sealed with is missed even when it is neither the oldest nor the newest."""
    house.done("keys", "rotate")
    house.done("keys", "rotate")
    middle = ids(house)[1]
    file = house.data / "keys" / f"{middle}.key"
    file.rename(house.data / "kept")
    refused = house.run("serve")
    assert (refused.status, "one of them is missing" in refused.err) == (1, True)
    (house.data / "kept").rename(file)
    assert house.run("keys", "list").status == 0


def test_a_node_that_lacks_the_key_is_named(house: House) -> None:
    """Nothing is sealed with a key that somebody cannot open; once they know it, the same command goes on."""
    now = datetime.now(UTC)
    (first,) = ids(house)
    with open_installation(read_settings({}, data=house.data)) as installation:
        with installation.services.store.writing() as unit:
            unit.nodes.report(Node("1", "far away", "0.1.0", (first,), first, now, now))
        refused = house.run("keys", "rotate", "--wait", "0")
        assert (refused.status, "far away does not know the key" in refused.err) == (1, True)
        assert uses(house) == [(True, True, 0), (False, False, 0)]
        with installation.services.store.writing() as unit:
            known = tuple(ids(house))
            unit.nodes.report(Node("1", "far away", "0.1.0", known, known[1], now, datetime.now(UTC)))
    house.done("keys", "rotate", "--wait", "0")
    assert uses(house) == [(False, True, 0), (True, False, 0)]


def test_keys_in_one_file_are_renewed_there(house: House, tmp_path: Path) -> None:
    """The file is written anew as a whole, for its owner only; keys in the variable itself cannot be renewed."""
    key = next((house.data / "keys").glob("*.key"))
    line = f"{key.stem}:{key.read_text().strip()}"
    file = tmp_path / "handed"
    file.write_text(f"# ours\n{line}\n")
    file.chmod(0o600)
    assert house.run("keys", "rotate", TOTRINN_KEYS_FILE=str(file)).status == 0
    lines = file.read_text().splitlines()
    assert (len(lines), lines[0], file.stat().st_mode & 0o777) == (2, line, 0o600)
    assert house.run("keys", "rotate", TOTRINN_KEYS="\n".join(lines)).err.count("TOTRINN_KEYS_FILE") == 1
    assert house.run("keys", "list", TOTRINN_KEYS_FILE=str(file)).status == 0


@pytest.mark.timeout(300)
def test_killed_in_the_midst_it_goes_on(crowd: Crowd) -> None:
    """Killed while it seals anew, all stays readable, and the next run finishes."""
    crowd.found(with_app=600, without=0)
    words = [sys.executable, "-m", "totrinn", "keys", "rotate", *crowd.place]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment(PYTHONUNBUFFERED="1"))
    assert running.stdout is not None
    while not running.stdout.readline().startswith("active"):
        assert running.poll() is None
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=30)
    assert command("doctor", *crowd.place).out.count("✗") == 0
    assert command("keys", "rotate", *crowd.place).status == 0
    first, *others = command("keys", "list", "--json", *crowd.place).data
    assert first["sealed"] == 0
    assert others[-1]["sealed"] >= 600


def test_lost_keys_are_given_up(crowd: Crowd) -> None:
    """Everybody who had a factor must enrol anew, nothing that was sealed is left, and the log can be gone on with."""
    crowd.found(with_app=3, without=2)
    place = ("keys", "abandon", "--why", "a fire", "--yes", *crowd.place)
    assert "the keys are there and fit" in command(*place).err
    for file in (crowd.data / "keys").glob("*.key"):
        file.unlink()
    assert command("explain", "x@y.example", "--organisation", SLUG, *crowd.place).status == 1
    asked = command(*(word for word in place if word != "--yes"), typed="yes\n")
    assert (asked.status, "nothing was changed" in asked.err) == (1, True)
    done = command(*place)
    assert (done.status, "must enrol anew: 3." in done.out) == (0, True), done.err
    assert command("audit", "verify", *crowd.place).status == 0
    assert command("doctor", *crowd.place).out.count("✗") == 0
    members = [crowd.next_with_app() for _ in range(3)]
    with open_installation(crowd.settings) as installation:
        with installation.services.store.reading() as unit:
            people = [unit.people.find(member.id) for member in members]
            assert [person.must_enrol for person in people if person] == [True] * 3
            assert [unit.factors.of_person(member.id) for member in members] == [()] * 3
        with installation.database.engines.reading.connect() as connection, connection.begin():
            kinds = connection.execute(sa.select(t.event.c.kind)).scalars().all()
    assert kinds.count(Kind.KEYS_ABANDONED) == 1
    explained = command("explain", members[0].email, "--organisation", SLUG, *crowd.place)
    assert "MustEnrol" in explained.out


def test_keys_are_not_given_up_while_somebody_serves(house: House) -> None:
    """A process that has the lost keys in its memory would go on sealing with them."""
    now = datetime.now(UTC)
    (first,) = ids(house)
    with (
        open_installation(read_settings({}, data=house.data)) as installation,
        installation.services.store.writing() as unit,
    ):
        unit.nodes.report(Node("1", "still there", "0.1.0", (first,), first, now, now))
    next((house.data / "keys").glob("*.key")).unlink()
    refused = house.run("keys", "abandon", "--why", "x", "--yes")
    assert (refused.status, "still there still serves" in refused.err) == (1, True)
    assert list((house.data / "keys").iterdir()) == []


def test_keys_that_can_be_mended_are_not_given_up(house: House) -> None:
    """A wrong mode is no loss; a damaged file has to be moved away by whoever is sure."""
    key = next((house.data / "keys").glob("*.key"))
    key.chmod(0o644)
    refused = house.run("keys", "abandon", "--why", "x", "--yes")
    assert (refused.status, "chmod 600" in refused.err) == (1, True)
    key.chmod(0o600)
    assert house.run("keys", "list").status == 0
