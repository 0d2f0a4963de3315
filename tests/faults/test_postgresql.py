"""The database server dies, is stopped, cuts connections or only follows another: what it acknowledged stands."""

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx2
import psycopg
import pytest

from tests.attacks.house import Browser
from tests.faults.conftest import Tell
from tests.faults.cutting import Cut, Cutter
from tests.faults.people import STEP_SECONDS, Member
from tests.faults.rounds import Rounds, stage
from tests.postgresql_server import PostgresqlServer

_SHORT = 1
_LONG = int(os.environ.get("FAULT_ROUNDS", "100"))
_PATIENCE_SECONDS = 60

Fault = Callable[[PostgresqlServer, str], None]


def _terminate(server: PostgresqlServer, name: str) -> None:
    """Ends every connection of the product by an administrator's word."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.execute(ended, (name,))


_FAULTS: dict[str, Fault] = {
    "killed": lambda server, _: server.kill(),
    "stopped at once": lambda server, _: server.stop(signal.SIGQUIT),
    "stopped": lambda server, _: server.stop(signal.SIGINT),
    "terminating connections": _terminate,
}


@pytest.mark.row("R94")
def test_a_server_that_dies_loses_and_doubles_nothing(durable_server: PostgresqlServer, folder: Path) -> None:
    """Killed, stopped at once, stopped, or cutting everybody off: the product goes on by itself when it is back."""
    _let_die(durable_server, folder, _SHORT)


@pytest.mark.torture
@pytest.mark.timeout(7200)
def test_a_server_that_dies_many_times(durable_server: PostgresqlServer, folder: Path, told: Tell) -> None:
    """The same, as often as it takes to hit every moment."""
    told(_let_die(durable_server, folder, _LONG).told("postgresql dies"))


def _let_die(server: PostgresqlServer, folder: Path, number: int) -> Rounds:
    name = server.create_database()
    with stage(folder, number, database=server.url(name)) as rounds:
        rounds.work(2)
        for _, fault in itertools.product(range(number), _FAULTS.values()):
            lasts = rounds.chance.random() / 2
            rounds.round(partial(fault, server, name), server.start_again, lasts=lasts)
        rounds.work(0.3, "sign_in")
        rounds.was_soon_ready()
        return rounds


@contextmanager
def _cut_stage(server: PostgresqlServer, folder: Path, seed: int) -> Iterator[tuple[Rounds, Cutter]]:
    name = server.create_database()
    cutter = Cutter(server.port)
    try:
        with stage(folder, seed, database=f"postgresql://totrinn@127.0.0.1:{cutter.port}/{name}") as rounds:
            yield rounds, cutter
    finally:
        cutter.close()


@pytest.mark.row("R16")
@pytest.mark.row("R94")
def test_a_commit_of_which_nobody_hears_is_whole_or_not_at_all(durable_server: PostgresqlServer, folder: Path) -> None:
    """The connection breaks before or after the commit: the client is told nothing, and nothing is half."""
    with _cut_stage(durable_server, folder, 1) as (rounds, cutter):
        _cut_often(rounds, cutter, 4)


@pytest.mark.torture
@pytest.mark.timeout(7200)
def test_many_commits_of_which_nobody_hears(durable_server: PostgresqlServer, folder: Path, told: Tell) -> None:
    """The same, for every statement after which a commit may come."""
    with _cut_stage(durable_server, folder, 2) as (rounds, cutter):
        _cut_often(rounds, cutter, 4 * _LONG)
        told(rounds.told("connection cut at a commit"))


def _cut_often(rounds: Rounds, cutter: Cutter, number: int) -> None:
    rounds.work(2)
    for turn in range(number):
        cut = Cut.AFTER if turn % 2 else Cut.BEFORE
        rounds.round(partial(cutter.arm, cut), partial(cutter.cut.wait, _PATIENCE_SECONDS))
        assert cutter.cut.is_set()
        if turn % 10 == 3:
            rounds.round(cutter.break_all, lambda: None)
    rounds.work(0.3, "sign_in")
    rounds.was_soon_ready()


@pytest.mark.row("R16")
def test_a_code_spent_by_a_commit_of_which_nobody_heard_is_spent(
    durable_server: PostgresqlServer, folder: Path
) -> None:
    """The person is told to try again; the same code is then refused, and the next one is right."""
    with _cut_stage(durable_server, folder, 3) as (rounds, cutter):
        (member,) = rounds.crowd.enrolled(1)
        step = _step(member)
        browser, page = _at_code(rounds, member)
        cutter.arm(Cut.AFTER)
        answer = browser.send(page, "/login/two-factor", code=member.code_at(step))
        assert cutter.cut.wait(_PATIENCE_SECONDS)
        assert answer.status_code == 503
        assert browser.cookie("totrinn") is None
        again, page = _at_code(rounds, member)
        assert again.send(page, "/login/two-factor", code=member.code_at(step)).status_code == 422
        member.last_typed = step
        assert again.send(page, "/login/two-factor", code=member.code_at(_step(member))).status_code == 303
        browser.http.close()
        again.http.close()


def _step(member: Member) -> int:
    """The next step that is taken; waits for one if need be."""
    while (step := member.next_step(0.0)) is None:
        time.sleep(STEP_SECONDS / 60)
    return step


def _at_code(rounds: Rounds, member: Member) -> tuple[Browser, httpx2.Response]:
    browser = rounds.crowd.browser()
    assert browser.sign_in(member.email).headers["location"] == "/login/two-factor"
    return browser, browser.get("/login/two-factor")


@pytest.mark.row("R94")
def test_a_server_that_only_follows_is_not_asked(durable_server: PostgresqlServer, folder: Path) -> None:
    """It may not know yet that a session has ended: all are told to wait (503), and go on once it is promoted."""
    server = durable_server
    with stage(folder, 4, database=server.url(server.create_database())) as rounds:
        inside = rounds.crowd.signed_in()
        outside = rounds.crowd.browser()
        page = outside.get("/login")
        server.stop(signal.SIGINT)
        server.follow()
        answer = outside.send(page, "/login", email="kari0@fjordly.test", password="wrong")
        assert (answer.status_code, inside.get("/").status_code) == (503, 503), rounds.product.said()
        assert "retry-after" in answer.headers
        server.promote()
        rounds.product.seconds_to_ready()
        assert inside.get("/").status_code == 200
        rounds.work(2, "sign_in")
        outside.http.close()
