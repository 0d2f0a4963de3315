"""How long a client may take, how much it may send before we know what it wants, and how many there may be.

Whoever opens a connection and is slow to say what they want takes nothing from anybody: when there are too many
connections, the one that has kept us waiting for longest, for a head or a body, is closed. One that has said everything
is closed for being slow to take the answer only.
"""

import asyncio
import resource
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SECONDS_TO_ASK = 10.0
"""For the whole head of a request, from the connection or from the end of the answer before."""
SECONDS_TO_BE_ANSWERED = 60.0
"""For the body, the work, and for taking the answer; more than anything of ours waits for anything else."""
LARGEST_HEAD = 32 * 1024
MOST_CONNECTIONS = 1000
"""Of one process; fewer, where it may not open so many files."""
_OTHER_FILES = 128
_LAST_LOOK_SECONDS = 0.05
_TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class Connection(HttpToolsProtocol):
    """One client's connection: either it owes us the rest of a request, or we owe it an answer."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._owes_since: float | None = None
        self._is_in_head = False
        self._fruitless = 0
        """So many bytes have come since a head was complete, or since some of a body came."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Makes room for it, if there are too many; it then has to ask for something."""
        super().connection_made(transport)
        self._expect_request()
        if len(self.connections) > most_connections():
            self._close_the_slowest()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing more to wait for."""
        super().connection_lost(exc)
        self._owes_since = None
        self._set_timer(None)

    def data_received(self, data: bytes) -> None:
        """Refuses a head that has no end, and anything else of which nothing comes."""
        self._fruitless += len(data)
        super().data_received(data)
        if self._fruitless > LARGEST_HEAD:
            self._refuse()

    def on_message_begin(self) -> None:
        """A request begins with its head."""
        super().on_message_begin()
        self._is_in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes what stands in the head, and not what stands behind the body: no proxy has looked at that."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """From here on it is we who owe something, as soon as the body is there."""
        self._is_in_head = False
        self._fruitless = 0
        self._set_timer(SECONDS_TO_BE_ANSWERED)
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # The parser passes the body over; where the next request would begin, a proxy sees otherwise than we do.
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Nobody waits any more for a body that has been answered already."""
        if not self.cycle.response_complete:
            self._fruitless = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All is said."""
        super().on_message_complete()
        if not self.cycle.response_complete:
            self._owes_since = None

    def on_response_complete(self) -> None:
        """What was asked has been answered; whatever comes next is another request."""
        has_next = bool(self.pipeline)
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if has_next:
            self._owes_since = self.loop.time() if self.cycle.more_body else None
            self._set_timer(SECONDS_TO_BE_ANSWERED)
        else:
            self._expect_request()

    def _expect_request(self) -> None:
        self._owes_since = self.loop.time()
        self._set_timer(SECONDS_TO_ASK)

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._look_once_more)

    def _look_once_more(self) -> None:
        """What has come in time is read first, however late this process is itself."""
        # Not closed in good order: that would wait until the client has taken what we have written.
        self._timer = self.loop.call_later(_LAST_LOOK_SECONDS, self.transport.abort)

    def _refuse(self) -> None:
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            self.transport.abort()
            return
        self.transport.write(f"HTTP/1.1 {_TOO_LARGE} {_TOO_LARGE.phrase}\r\nconnection: close\r\n\r\n".encode())
        self.transport.close()

    def _close_the_slowest(self) -> None:
        slow = [each for each in self.connections if isinstance(each, Connection) and each._owes_since is not None]
        min(slow, key=lambda each: each._owes_since or 0.0).transport.abort()


def most_connections() -> int:
    """How many connections this process holds at a time, below the files that it may open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, files - _OTHER_FILES))
