"""Threads for requests that wait for an identity provider, apart from everybody else's, bounded for each organisation.

A provider that hangs holds a few of these for some seconds, and its own people queue for them, as for a hash, and are
told when it takes too long. Passwords, live sessions and other organisations never wait with them, however many
connections one organisation has.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter

from totrinn.app.ports import Services
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.hash_queue import LONGEST_WAIT_SECONDS, HashQueue, TooBusy

THREADS = 64
FOR_ONE_ORGANISATION = 6
MOST_ORGANISATIONS = 200
"""So many may have somebody waiting at once."""


class OutsideThreads:
    """Hands out places in these threads."""

    def __init__(self) -> None:
        self._limiter: CapacityLimiter | None = None
        self._all = _queue(THREADS)
        self._queues: dict[str, HashQueue] = {}
        self._inside: Counter[str] = Counter()

    @asynccontextmanager
    async def place(self, organisation: str) -> AsyncIterator[CapacityLimiter]:
        """The limiter to run under, while the block lasts. Raises `TooBusy` when the organisation has its fill."""
        # Made here, as it belongs to the event loop that serves.
        if self._limiter is None:
            self._limiter = CapacityLimiter(THREADS)
        if organisation not in self._queues and len(self._queues) >= MOST_ORGANISATIONS:
            raise TooBusy
        queue = self._queues.setdefault(organisation, _queue(FOR_ONE_ORGANISATION))
        self._inside[organisation] += 1
        try:
            async with queue.place(), self._all.place():
                yield self._limiter
        finally:
            self._inside[organisation] -= 1
            if not self._inside[organisation]:
                del self._inside[organisation], self._queues[organisation]


def _queue(places: int) -> HashQueue:
    return HashQueue(places, drained_within=LONGEST_WAIT_SECONDS)


def whose(ask: Ask, services: Services) -> str:
    """The organisation on whose account a request waits: its connection's, else its session's; empty for neither."""
    connection_id, token = ask.params.get("connection"), ask.jar.get(Cookie.SESSION)
    with services.store.reading() as unit:
        connection = unit.connections.find(connection_id) if connection_id else None
        if connection is not None:
            return connection.organisation_id
        live = unit.sessions.find(services.digest(token)) if token else None
    return live.session.organisation_id if live else ""
