"""Waiting for a password hash, before the thread pool: at most one a core at a time, the waiters bounded.

A waiter holds no thread, so pages of live sessions are served while sign-ins queue. The surplus is told to come back.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from totrinn.app.observing import NOBODY, Observer

MOST_WAITING = 64
LONGEST_WAIT_SECONDS = 10.0
RETRY_AFTER_SECONDS = 5


class TooBusy(Exception):
    """There is no place in the queue, or the wait was too long."""


class HashQueue:
    """Admits as many as there are cores; made within the running loop, on first use."""

    def __init__(self, cores: int, observer: Observer = NOBODY) -> None:
        self._cores = cores
        self._observer = observer
        self._places: asyncio.Semaphore | None = None
        self._waiting = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Holds a place while one password is hashed. Raises `TooBusy`."""
        if self._places is None:
            self._places = asyncio.Semaphore(self._cores)
        if self._waiting >= MOST_WAITING:
            self._observer.hash_refused()
            raise TooBusy
        await self._wait(self._places)
        self._observer.hash_running(1)
        try:
            yield
        finally:
            self._observer.hash_running(-1)
            self._places.release()

    async def _wait(self, places: asyncio.Semaphore) -> None:
        began = time.monotonic()
        self._waiting += 1
        self._observer.hash_queued(1)
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                await places.acquire()
        except TimeoutError:
            self._observer.hash_refused()
            raise TooBusy from None
        finally:
            self._waiting -= 1
            self._observer.hash_queued(-1)
        self._observer.hash_waited(time.monotonic() - began)
