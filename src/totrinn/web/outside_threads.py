"""Threads for requests that wait for an identity provider, apart from everybody else's and bounded for each connection.

A provider that hangs holds a few of these for some seconds, and its own people queue for them, as for a hash, and are
told when it takes too long. Passwords, live sessions and the people of other connections never wait with them.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter

from totrinn.web.hash_queue import HashQueue, TooBusy

THREADS = 24
FOR_ONE_CONNECTION = 6
MOST_CONNECTIONS = 200
"""So many connections may have somebody waiting at once; an address that names none counts, too."""


class OutsideThreads:
    """Hands out places in these threads."""

    def __init__(self) -> None:
        self._limiter: CapacityLimiter | None = None
        self._queues: dict[str, HashQueue] = {}
        self._inside: Counter[str] = Counter()

    @asynccontextmanager
    async def place(self, connection: str) -> AsyncIterator[CapacityLimiter]:
        """The limiter to run under, while the block lasts. Raises `TooBusy` when the connection has its fill."""
        # Made here, as it belongs to the event loop that serves.
        if self._limiter is None:
            self._limiter = CapacityLimiter(THREADS)
        if connection not in self._queues and len(self._queues) >= MOST_CONNECTIONS:
            raise TooBusy
        queue = self._queues.setdefault(connection, HashQueue(FOR_ONE_CONNECTION))
        self._inside[connection] += 1
        try:
            async with queue.place():
                yield self._limiter
        finally:
            self._inside[connection] -= 1
            if not self._inside[connection]:
                del self._inside[connection], self._queues[connection]
