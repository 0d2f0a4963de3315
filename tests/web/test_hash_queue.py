"""Places for hashing are never lost and never given twice, whatever becomes of those who wait."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import given, settings
from hypothesis import strategies as st

from totrinn.web import hash_queue
from totrinn.web.fair_line import Place
from totrinn.web.hash_queue import FEWEST_WAITING, MOST_WAITING, Gone, HashQueue, TooBusy, Waiter


def _run(crowd: Callable[[], Awaitable[None]]) -> None:
    """In a thread of its own, since a browser's tests may have left a loop running in this one."""
    with start_blocking_portal() as portal:
        portal.call(crowd)


async def _hold(queue: HashQueue, until: asyncio.Event, waiter: Waiter | None = None) -> None:
    async with queue.place(waiter or Waiter()):
        await until.wait()


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def _assert_all_free(queue: HashQueue, places: int) -> None:
    """As many as there are places get in at once, and one more waits."""
    until = asyncio.Event()
    holders = [asyncio.create_task(_hold(queue, until)) for _ in range(places)]
    await _settle()
    assert queue._free == 0
    assert (len(queue._line), len(queue._calls)) == (0, 0)
    one_more = asyncio.create_task(_hold(queue, until))
    await _settle()
    assert len(queue._line) == 1
    until.set()
    await asyncio.gather(*holders, one_more)
    assert queue._free == places


class _Visit:
    """Somebody who comes, holds a place until told otherwise, and may leave, fail or be cancelled at any moment."""

    def __init__(self, queue: HashQueue) -> None:
        self._queue = queue
        self._left, self._end, self._fails = asyncio.Event(), asyncio.Event(), False
        self.task = asyncio.create_task(self._stay())

    async def _gone(self) -> None:
        await self._left.wait()

    async def _stay(self) -> None:
        async with self._queue.place(Waiter(gone=self._gone)):
            await self._end.wait()
            if self._fails:
                raise RuntimeError

    def do(self, step: str) -> None:
        """What happens to them next."""
        if step == "leave":
            self._left.set()
        elif step == "cancel":
            self.task.cancel()
        else:
            self._fails = step == "fail"
            self._end.set()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(["come", "leave", "cancel", "fail", "finish"]), max_size=60), st.integers(1, 3))
def test_no_place_is_lost(steps: list[str], places: int) -> None:
    """Neither by an exception, nor by a request that ends, nor by somebody who leaves, at any moment."""

    async def crowd() -> None:
        queue = HashQueue(places)
        visits: list[_Visit] = []
        for number, step in enumerate(steps):
            if step == "come" or not visits:
                visits.append(_Visit(queue))
            else:
                visits[number * 7 % len(visits)].do(step)
            if number % 3:
                await asyncio.sleep(0)
        for visit in visits:
            visit.do("finish")
        await asyncio.gather(*(visit.task for visit in visits), return_exceptions=True)
        await _assert_all_free(queue, places)

    _run(crowd)


def test_whoever_finds_a_free_place_is_not_asked_who_they_are() -> None:
    """It costs a look into the database, which nobody needs while nobody waits."""

    async def nobody_asks() -> Place:
        raise AssertionError

    async def crowd() -> None:
        async with HashQueue(1).place(Waiter(place=nobody_asks)):
            pass

    _run(crowd)


def test_whoever_has_left_gives_up_their_place_in_the_queue() -> None:
    """The browser was closed: nothing is hashed for it."""

    async def crowd() -> None:
        queue, until, left = HashQueue(1), asyncio.Event(), asyncio.Event()
        holder = asyncio.create_task(_hold(queue, until))
        await _settle()

        async def gone() -> None:
            await left.wait()

        waiting = asyncio.create_task(_hold(queue, until, Waiter(gone=gone)))
        await _settle()
        left.set()
        with pytest.raises(Gone):
            await waiting
        until.set()
        await holder
        await _assert_all_free(queue, 1)

    _run(crowd)


@pytest.mark.row("R52")
def test_a_full_queue_sends_the_largest_crowd_away_and_takes_in_the_others() -> None:
    """The other organisation waits no longer than its turn."""

    def waits_for(party: str) -> Waiter:
        async def place() -> Place:
            return Place(party=party)

        return Waiter(place=place)

    async def crowd() -> None:
        queue, until = HashQueue(1), asyncio.Event()
        flood = [asyncio.create_task(_hold(queue, until, waits_for("flooded"))) for _ in range(MOST_WAITING + 11)]
        await _settle()
        assert sum(task.done() for task in flood) == 10
        other = asyncio.create_task(_hold(queue, until, waits_for("other")))
        await _settle()
        assert (sum(task.done() for task in flood), other.done()) == (11, False)
        until.set()
        await other
        outcomes = await asyncio.gather(*flood, return_exceptions=True)
        assert sum(isinstance(outcome, TooBusy) for outcome in outcomes) == 11

    _run(crowd)


def test_a_wait_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has waited for long is told to come back."""
    monkeypatch.setattr(hash_queue, "LONGEST_WAIT_SECONDS", 0.01)

    async def crowd() -> None:
        queue, until = HashQueue(1), asyncio.Event()
        holder = asyncio.create_task(_hold(queue, until))
        await _settle()
        with pytest.raises(TooBusy):
            await _hold(queue, until)
        until.set()
        await holder
        await _assert_all_free(queue, 1)

    _run(crowd)


def test_on_a_slow_machine_fewer_wait() -> None:
    """No more than can be served in two seconds, but always a few; and it does not stay so."""

    async def crowd() -> None:
        queue, until = HashQueue(2), asyncio.Event()
        for seconds, most in ((0.01, 64), (0.1, 40), (9.0, FEWEST_WAITING), (0.01, 64)):
            for _ in range(200):
                queue._note_duration(seconds)
            tasks = [asyncio.create_task(_hold(queue, until)) for _ in range(100)]
            await _settle()
            assert len(queue._line) == pytest.approx(most, abs=1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await _assert_all_free(queue, 2)

    _run(crowd)
