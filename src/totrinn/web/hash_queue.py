"""Waiting for a password hash, before any thread: a bounded number at a time, and fair to those who wait.

A waiter holds no thread, so pages of live sessions are served while sign-ins queue. The surplus is told to come back.
Where there is a free place nothing of this is asked: who somebody is matters only while others wait.

As many may wait as can be served within a short time, going by how long it took of late: on a machine that is slow just
now they are fewer. Whoever is taken in is served soon, and soon after a flood nobody waits.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from totrinn.app.observing import NOBODY, Observer
from totrinn.web.fair_line import FairLine, Place

MOST_WAITING = 64
FEWEST_WAITING = 8
DRAINED_WITHIN_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 10.0
RETRY_AFTER_SECONDS = 5
_WEIGHT_OF_LAST = 0.1


class TooBusy(Exception):
    """There is no place in the queue, or the wait was too long."""


class Gone(Exception):
    """Whoever waited has left."""


async def _anyone() -> Place:
    return Place()


async def _never() -> None:
    await asyncio.get_running_loop().create_future()


@dataclass(frozen=True, slots=True)
class Waiter:
    """Where somebody waits, found out only if they have to, and what returns when they have left."""

    place: Callable[[], Awaitable[Place]] = _anyone
    gone: Callable[[], Awaitable[None]] = _never


_ANYONE = Waiter()


class HashQueue:
    """Admits so many at a time, and lets as many wait as can be served in so many seconds; within one event loop."""

    def __init__(
        self, places: int, observer: Observer = NOBODY, *, drained_within: float = DRAINED_WITHIN_SECONDS
    ) -> None:
        self._free = places
        self._observer = observer
        self._seconds_of_places = places * drained_within
        self._usual_seconds = 0.0
        self._line = FairLine(MOST_WAITING)
        self._calls: dict[int, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def place(self, waiter: Waiter = _ANYONE) -> AsyncIterator[None]:
        """Holds a place while one password is hashed. Raises `TooBusy`, or `Gone` when the waiter has left."""
        if self._free:
            self._free -= 1
            self._observer.hash_waited(0.0)
        else:
            await self._queue(waiter)
        self._observer.hash_running(1)
        began = time.monotonic()
        try:
            yield
        finally:
            self._note_duration(time.monotonic() - began)
            self._observer.hash_running(-1)
            self._free += 1
            self._call()

    async def _queue(self, waiter: Waiter) -> None:
        began = time.monotonic()
        self._observer.hash_queued(1)
        try:
            await self._wait(await waiter.place(), waiter)
        except TooBusy:
            self._observer.hash_refused()
            raise
        finally:
            self._observer.hash_queued(-1)
        self._observer.hash_waited(time.monotonic() - began)

    def _note_duration(self, seconds: float) -> None:
        self._usual_seconds += (seconds - self._usual_seconds) * _WEIGHT_OF_LAST
        can_be_served = int(self._seconds_of_places / max(self._usual_seconds, 0.001))
        self._line.room = min(max(can_be_served, FEWEST_WAITING), MOST_WAITING)

    async def _wait(self, place: Place, waiter: Waiter) -> None:
        """Returns when it is this one's turn; the place is then taken."""
        ticket, leaving = self._line.join(place)
        if leaving == ticket:
            raise TooBusy
        call = self._calls[ticket] = asyncio.get_running_loop().create_future()
        if leaving is not None:
            _end(self._calls.pop(leaving), TooBusy())
        # There may be a free place by now: finding out who waits took its time.
        self._call()
        watch = asyncio.ensure_future(waiter.gone())
        watch.add_done_callback(lambda _: _end(call, Gone()))
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                await call
        except BaseException as error:
            self._give_up(ticket, call)
            if isinstance(error, TimeoutError):
                raise TooBusy from None
            raise
        finally:
            watch.cancel()

    def _give_up(self, ticket: int, call: "asyncio.Future[None]") -> None:
        """Leaves the line; a place that was given at the same moment goes to the next."""
        self._line.leave(ticket)
        self._calls.pop(ticket, None)
        if call.done() and not call.cancelled() and call.exception() is None:
            self._free += 1
            self._call()

    def _call(self) -> None:
        while self._free and (ticket := self._line.call()) is not None:
            call = self._calls.pop(ticket)
            if not call.done():
                call.set_result(None)
                self._free -= 1


def _end(call: "asyncio.Future[None]", why: Exception) -> None:
    if not call.done():
        call.set_exception(why)
