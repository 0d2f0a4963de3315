"""The program is killed at any moment, whole or in part: nothing acknowledged is lost, nothing happens twice."""

import os
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Tell
from tests.faults.product import Product, is_running
from tests.faults.rounds import Rounds, stage

_SHORT = 3
_LONG = int(os.environ.get("FAULT_ROUNDS", "170"))
"""Of each of six kinds: a thousand in all."""
_ORPHANS_SECONDS = 20
ACTS = ("sign_in", "change_role")


def _of_the_whole(rounds: Rounds, number: int) -> None:
    for _ in range(number):
        rounds.round(rounds.product.kill, rounds.product.begin)


def _of_a_worker(rounds: Rounds, number: int) -> None:
    product = rounds.product
    for _ in range(number):
        rounds.round(lambda: product.kill_one(rounds.chance.choice(product.children())), lambda: None)
        _wait_for_workers(product)


def _of_the_parent(rounds: Rounds, number: int) -> None:
    product = rounds.product
    for _ in range(number):
        children = product.children()

        def fault(children: list[int] = children) -> None:
            product.kill()
            _wait_for_end_of(children)

        rounds.round(fault, product.begin)
        _wait_for_workers(product)


def _wait_for_workers(product: Product) -> None:
    """One that was killed is replaced."""
    last = time.monotonic() + 20
    while len(product.children()) < product.workers:
        assert time.monotonic() < last, "a worker that was killed was not replaced"
        time.sleep(0.05)


def _wait_for_end_of(children: list[int]) -> None:
    """Workers whose parent is gone serve no longer: nobody could stop or replace them, and the port is theirs."""
    last = time.monotonic() + _ORPHANS_SECONDS
    while any(is_running(pid) for pid in children):
        assert time.monotonic() < last, "workers outlived the process that had started them"
        time.sleep(0.01)


_KINDS = {"whole": (_of_the_whole, 1), "worker": (_of_a_worker, 3), "parent": (_of_the_parent, 3)}


@pytest.mark.row("R15")
@pytest.mark.row("R94")
@pytest.mark.parametrize("what", _KINDS)
def test_a_kill_at_any_moment_loses_and_doubles_nothing(what: str, folder: Path, address: str, told: Tell) -> None:
    """Sessions, enrolments, spent codes, counters, roles and the requirement are as the last answer left them."""
    _kill(what, folder, address, told, _SHORT)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("what", _KINDS)
def test_a_thousand_kills_lose_and_double_nothing(what: str, folder: Path, address: str, told: Tell) -> None:
    """The same, as often as it takes to hit every moment."""
    _kill(what, folder, address, told, _LONG)


def _kill(what: str, folder: Path, address: str, told: Tell, number: int) -> None:
    kill, workers = _KINDS[what]
    with stage(folder, number, database=address, workers=workers) as rounds:
        rounds.work(1, *ACTS)
        kill(rounds, number)
        told(rounds.told(f"kill of the {what}, {'postgresql' if address else 'sqlite'}"))
        rounds.was_soon_ready()
