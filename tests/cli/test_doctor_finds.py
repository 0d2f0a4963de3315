"""Each fault that `doctor` can find, made for real, and the line that it says mends it."""

import ctypes
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.commands import command, program
from tests.cli.conftest import House
from tests.cli.crowd import Crowd
from tests.cli.test_doctor import findings
from tests.cli.test_serving import serving
from tests.postgresql_server import PostgresqlServer
from totrinn.app.key_repositories import LIVES, Node
from totrinn.bootstrap import open_installation
from totrinn.cli.examining_machine import LARGEST_WAL, file_system_of
from totrinn.config import read_settings
from totrinn.crypto import make_active, write_new_key


def about(house: House, subject: str, level: str = "") -> list[str]:
    """What is found of this, at this level if one is named: the text and what mends it, in one."""
    found = findings(house).get(subject, [])
    return [f"{each['text']} / {each['mend']}" for each in found if level in ("", each["level"])]


@contextmanager
def shifted(seconds: int) -> Iterator[None]:
    """Programs that are started in the block have a clock that is so much ahead."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LD_PRELOAD", str(library))
        patch.setenv("FAKETIME", f"{seconds:+}s")
        yield


@pytest.mark.row("R36")
def test_a_clock_that_has_gone_back(fjordly: House) -> None:
    """What has been written is of a time that is yet to come."""
    with shifted(-3600):
        outcome = program("doctor", "--data", str(fjordly.data))
    assert outcome.status == 1
    assert "the clock has gone back" in outcome.out
    assert about(fjordly, "clock", "bad") == []


@pytest.mark.row("R36")
def test_a_clock_that_nobody_keeps_right(house: House) -> None:
    """It says so if, and only if, the kernel does."""
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    assert bool(about(house, "clock", "note")) is (state == 5)


@pytest.mark.row("R90")
def test_keys_that_belong_to_somebody_else(house: House) -> None:
    """Whoever made them as another user finds out before the program cannot read them."""
    key = next((house.data / "keys").glob("*.key"))
    os.chown(key, pwd.getpwnam("nobody").pw_uid, -1)
    (told,) = about(house, "files", "bad")
    assert told.endswith(f" / chown {pwd.getpwuid(os.getuid()).pw_name} {key}")


@pytest.mark.row("R90")
def test_handed_keys_that_everybody_may_read(house: House, tmp_path: Path) -> None:
    """The file that TOTRINN_KEYS_FILE names is looked at, too."""
    key = next((house.data / "keys").glob("*.key"))
    file = tmp_path / "handed"
    file.write_text(f"{key.stem}:{key.read_text()}")
    file.chmod(0o644)
    (told,) = findings(house, TOTRINN_KEYS_FILE=str(file))["files"]
    assert (told["level"], told["mend"]) == ("bad", f"chmod o= {file}")


@pytest.mark.timeout(60)
def test_a_disk_that_is_nearly_full(house: House, tmp_path: Path) -> None:
    """A disk of its own, so small that nothing more fits before long."""
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", small], check=True)
    try:
        shutil.copytree(house.data, small / "data")
        with (small / "data" / "filling").open("wb") as filling:
            filling.write(b"x" * (shutil.disk_usage(small).free - 300_000))
        (told,) = about(House(small / "data"), "disk", "bad")
        assert "nobody signs in" in told
    finally:
        subprocess.run(["umount", small], check=True)
    assert about(house, "disk", "bad") == []


def test_a_database_on_a_network(tmp_path: Path) -> None:
    """The innermost mount counts, and of two at one place the later."""
    mounts = "/dev/sda / ext4 rw 0 0\nserver:/x /srv nfs4 rw 0 0\n/dev/sdb /srv/local\\040disk xfs rw 0 0\n"
    assert file_system_of(Path("/srv/totrinn"), mounts) == "nfs4"
    assert file_system_of(Path("/srv/local disk/totrinn"), mounts) == "xfs"
    assert file_system_of(Path("/srv/totrinn"), mounts + "/dev/sdc /srv ext4 rw 0 0\n") == "ext4"
    assert file_system_of(Path("/srvx"), mounts) == "ext4"


def test_a_log_of_writes_that_does_not_shrink(house: House) -> None:
    """Some program reads for hours; nothing can be carried over into the database meanwhile."""
    database = house.data / "totrinn.sqlite3"
    reader, writer = sqlite3.connect(database, isolation_level=None), sqlite3.connect(database, isolation_level=None)
    try:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM person").fetchone()
        writer.execute("CREATE TABLE scratch (filling BLOB)")
        for _ in range(LARGEST_WAL // 8_000_000 + 1):
            writer.execute("INSERT INTO scratch VALUES (zeroblob(8000000))")
        assert any("wal" in told for told in about(house, "database", "note"))
    finally:
        reader.close()
        writer.close()


def test_nodes_that_are_not_as_they_should_be(house: House) -> None:
    """One of another version, one that lacks a key, one that has gone without a word."""
    now = datetime.now(UTC)
    with open_installation(read_settings({}, data=house.data)) as installation:
        old = installation.vault.active
        key = write_new_key(house.data / "keys")
        with installation.services.store.writing() as unit:
            make_active(unit, installation.vault, key.id)
            unit.nodes.report(Node("1", "older", "0.0.1", (old, key.id), key.id, now, now))
            unit.nodes.report(Node("2", "keyless", "0.1.0", (old,), old, now, now))
            unit.nodes.report(Node("3", "gone", "0.1.0", (old,), old, now, now - LIVES - timedelta(seconds=9)))
    notes, bad = about(house, "nodes", "note"), about(house, "nodes", "bad")
    assert ["older runs version 0.0.1" in notes[0], "gone ended without a word" in notes[1]] == [True, True]
    assert [f"keyless lacks the key {key.id}" in told for told in bad] == [True]


@pytest.mark.parametrize(("workers", "processes"), [(1, 1), (2, 3)])
def test_a_process_is_there_while_it_serves(house: House, workers: int, processes: int) -> None:
    """The one that began the others counts, too; they say when they end."""
    with serving(house.data, "--workers", str(workers)) as server:
        last = time.monotonic() + 60
        while about(house, "nodes", "ok") != [f"processes that serve: {processes} / "]:
            assert time.monotonic() < last, about(house, "nodes")
        server.end(signal.SIGTERM)
    assert about(house, "nodes") == []


@pytest.mark.row("R96")
def test_no_backup_and_one_that_is_too_old(house: House, tmp_path: Path) -> None:
    """None, one of now, one of a few days ago, one of long ago."""
    assert "none was ever made" in about(house, "backup", "note")[0]
    public = command("backup-key", str(tmp_path / "identity")).out.strip()
    house.done("backup", str(tmp_path / "0"), "--recipient", public)
    assert len(about(house, "backup", "ok")) == 1
    for days, level in ((3, "note"), (9, "bad")):
        with shifted(-86400 * days):
            made = program("backup", str(tmp_path / str(days)), "--recipient", public, "--data", str(house.data))
            assert made.status == 0
        assert len(about(house, "backup", level)) == 1


def test_more_connections_than_the_server_has(postgresql_server: PostgresqlServer, tmp_path: Path) -> None:
    """Every process has its own: many processes want more than there are."""
    name = postgresql_server.create_database()
    crowd = Crowd(tmp_path / "data", postgresql_server.url(name))
    assert command("init", *crowd.place).status == 0
    few = command("doctor", *crowd.place, TOTRINN_WORKERS="2")
    many = command("doctor", *crowd.place, TOTRINN_WORKERS="60")
    postgresql_server.drop_database(name)
    assert "may open" not in few.out
    assert "✗ database: 61 processes may open" in many.out
