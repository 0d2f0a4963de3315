"""No room, no writing, somebody else's lock: nobody gets in meanwhile, nothing is half, and all goes on afterwards."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.rounds import Rounds, stage
from tests.faults.small_disk import SmallDisk, small_disk
from tests.postgresql_server import NoPostgresql, PostgresqlServer

_LOCKED_SECONDS = 12
"""Longer than anybody waits for a lock."""
_PATIENCE_SECONDS = 60


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Room for a small installation."""
    with small_disk(tmp_path / "disk", 8) as disk:
        yield disk


@pytest.mark.row("R94")
def test_a_full_disk_admits_nobody_and_loses_nobody(disk: SmallDisk) -> None:
    """Sign-in says so (503), whoever is in reads on; with room again it goes on without a restart."""
    with stage(disk.folder / "data", 1) as rounds:
        rounds.work(2)
        inside = rounds.crowd.signed_in()
        disk.fill()
        _fill_the_last_pages(rounds)
        assert _try_to_sign_in(rounds) == 503, rounds.product.said()
        assert inside.get("/").status_code == 200
        disk.free()
        rounds.work(1)
        for _ in range(2):
            rounds.round(disk.fill, disk.free, lasts=1)
        rounds.work(0.3, "sign_in")
        rounds.was_soon_ready()


def _fill_the_last_pages(rounds: Rounds) -> None:
    """The log of SQLite may have room of its own left, from before."""
    last = time.monotonic() + _PATIENCE_SECONDS
    while _try_to_sign_in(rounds) != 503:
        assert time.monotonic() < last, "the disk is never full"


def _try_to_sign_in(rounds: Rounds) -> int:
    """The answer to a wrong password, which is counted if anything can be written."""
    browser = rounds.crowd.browser()
    with closing(browser.http):
        answer = browser.sign_in(f"stranger{time.monotonic_ns()}@havre.test")
        assert browser.cookie("totrinn") is None
        return answer.status_code


@pytest.mark.row("R94")
def test_a_full_disk_under_postgresql_admits_nobody_and_loses_nobody(tmp_path: Path) -> None:
    """The server may give up for want of room; when it is back, everything is as it was acknowledged."""
    try:
        server = PostgresqlServer.find(durable=True)
    except NoPostgresql as missing:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {missing}")
    # Not below the folder of this test, which no other system user may enter.
    with TemporaryDirectory() as place, small_disk(Path(place), 192, owner="postgres") as disk:
        server.data = disk.folder
        with server, stage(tmp_path / "data", 2, database=server.url(server.create_database())) as rounds:
            rounds.work(2)

            def mend() -> None:
                disk.free()
                server.start_again()

            for _ in range(2):
                rounds.round(disk.fill, mend, lasts=2)
            rounds.work(0.3, "sign_in")


@pytest.mark.row("R94")
def test_a_database_that_somebody_else_locks_for_long(folder: Path) -> None:
    """Who is in reads on; who would sign in is told to come again, and can as soon as the lock is gone."""
    with stage(folder, 3) as rounds:
        rounds.work(2)
        inside = rounds.crowd.signed_in()
        with closing(sqlite3.connect(folder / "totrinn.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            until = time.monotonic() + _LOCKED_SECONDS
            assert inside.get("/").status_code == 200
            assert _try_to_sign_in(rounds) == 503
            assert inside.get("/").status_code == 200
            time.sleep(max(0.0, until - time.monotonic()))
            other.execute("ROLLBACK")
        rounds.product.seconds_to_ready()
        rounds.work(1)


@pytest.mark.row("R94")
def test_a_folder_that_takes_no_changes_is_not_served(disk: SmallDisk) -> None:
    """The start is refused in one line; when the folder takes changes again everything is there."""
    with stage(disk.folder / "data", 4) as rounds:
        rounds.work(2)
        assert rounds.product.end() == 0
        disk.read_only(on=True)
        command = [sys.executable, "-m", "totrinn", "serve", "--data", str(disk.folder / "data"), "--port", "1"]
        refused = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
        disk.read_only(on=False)
        rounds.product.start()
        rounds.work(1)
