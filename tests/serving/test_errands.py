"""Errands to other servers are run in turns: whoever has much to do keeps nobody else from it."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from totrinn.serving.errands import Errand, Errands

LONGEST = 30.0


def test_whoever_waits_gets_a_turn() -> None:
    """Of those who are always due, and take their time, no one has a second turn before all have had one."""
    names = [f"busy-{number}" for number in range(8)] + ["quiet"]
    run: list[str] = []
    has_come = threading.Event()

    def work(name: str) -> None:
        run.append(name)
        if name == "quiet":
            has_come.set()
        time.sleep(0.02)

    def due(_: datetime) -> Iterator[Errand]:
        for name in names:
            yield Errand(name, "everybody", partial(work, name))

    errands = Errands("test", due, at_once=2, of_one_owner=2, interval=0.01)
    errands.start()
    try:
        assert has_come.wait(LONGEST)
    finally:
        errands.stop()
    before = run[: run.index("quiet")]
    assert len(set(before)) >= len(before) - 1


def test_one_owner_does_not_take_every_thread() -> None:
    """Ten servers of one, none of which answers, leave a thread to the one server of another; at once."""
    running: list[str] = []
    over, has_come = threading.Event(), threading.Event()

    def hang(name: str) -> None:
        running.append(name)
        over.wait(LONGEST)

    def due(_: datetime) -> Iterator[Errand]:
        for number in range(10):
            yield Errand(f"slow-{number}", "greedy", partial(hang, f"slow-{number}"))
        if len(running) >= 2:
            yield Errand("quick", "modest", has_come.set)

    errands = Errands("test", due, at_once=4, of_one_owner=2, interval=0.01)
    errands.start()
    try:
        assert has_come.wait(LONGEST)
        assert len(running) == 2
    finally:
        over.set()
        errands.stop()
    assert not [name for name in running if not name.startswith("slow")]


def test_owners_take_turns_however_many_servers_they_have() -> None:
    """Of two that always have something, each gets half of the turns."""
    run: list[str] = []
    is_enough = threading.Event()

    def work(owner: str) -> None:
        run.append(owner)
        if len(run) >= 40:
            is_enough.set()

    def due(_: datetime) -> Iterator[Errand]:
        for number in range(9):
            yield Errand(f"many-{number}", "many", partial(work, "many"))
        yield Errand("one", "one", partial(work, "one"))

    errands = Errands("test", due, at_once=1, of_one_owner=1, interval=0.005)
    errands.start()
    try:
        assert is_enough.wait(LONGEST)
    finally:
        errands.stop()
    assert 15 <= run[:40].count("one") <= 25
