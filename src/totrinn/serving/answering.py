"""One process that answers over HTTP, and how it ends without leaving anybody unanswered.

Told to stop, it goes on answering for a moment: `/health/ready` says no, and each answer says that its connection ends
with it. Then newcomers are turned away, whoever has come in already is heard, the listener is closed, and what is under
way is finished. All of it ends after `SECONDS_TO_FINISH` at the latest, whatever hangs.

Uvicorn is told to keep quiet about itself and to believe no header about who asks: both are decided in `web`.
"""

import asyncio
import ctypes
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn

from totrinn.serving.patience import Connection

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SECONDS_TO_FINISH = 10
_TO_BE_NOTICED = 1.0
_TO_BE_HEARD = 1.0
_BETWEEN_LOOKS = 0.05
_FOR_WHAT_IS_UNDER_WAY = 7
_TICKS_A_SECOND = 10

_SO_ATTACH_FILTER = 26
# Classic BPF over the TCP header: drop what has SYN without ACK, pass the rest.
_NO_NEW_HANDSHAKES = (
    (0x30, 0, 0, 13),
    (0x54, 0, 0, 0x12),
    (0x15, 0, 1, 0x02),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0xFFFFFFFF),
)


class Server(uvicorn.Server):
    """Uvicorn's server, with an end of our own."""

    def __init__(
        self,
        served: "ASGIApp",
        ending: threading.Event,
        *,
        alone: bool = True,
        each_second: Callable[[], None] = lambda: None,
    ) -> None:
        """`alone`: nobody else accepts from the same socket, and signals are meant for this process.

        `ending` is set when the end begins. `each_second` is called by the event loop, from its first second on.
        """
        super().__init__(_config(served))
        self._ending = ending
        self._alone = alone
        self._each_second = each_second
        self._notice = _TO_BE_NOTICED

    def leave(self, *, turn_away: bool = False, at_once: bool = False) -> None:
        """Begins the end. `turn_away`: nobody else will accept; `at_once`: the address is wanted by somebody else."""
        self._alone = self._alone or turn_away
        self._notice = 0.0 if at_once else self._notice
        if not self.should_exit:
            self.should_exit = True
            self._ending.set()
            end_at_the_latest()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are heeded in the main thread only, and are not sent again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP] if self._alone else [signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN and self._alone:
            numbers.remove(signal.SIGHUP)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 the signature is Uvicorn's
        """The first signal begins the end, the second one is the end; a worker's end is its parent's to decide."""
        if self.should_exit and self._alone:
            os._exit(128 + sig)
        self.leave()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if counter % _TICKS_A_SECOND == 0:
            self._each_second()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends as the head of this file says."""
        self._ending.set()
        self._each_second()
        await self._while_anybody(_is_open, self._notice)
        if self._alone:
            for listener in sockets or []:
                turn_newcomers_away(listener)
        # What the kernel has shaken hands with is accepted meanwhile.
        await asyncio.sleep(2 * _BETWEEN_LOOKS)
        await self._while_anybody(_is_unheard, _TO_BE_HEARD)
        await super().shutdown(sockets)

    async def _while_anybody(self, is_meant: Callable[..., bool], seconds: float) -> None:
        last = time.monotonic() + seconds
        # Uvicorn tells nobody when a connection ends.
        while time.monotonic() < last and any(map(is_meant, tuple(self.server_state.connections))):  # noqa: ASYNC110
            await asyncio.sleep(_BETWEEN_LOOKS)


def _is_open(_: object) -> bool:
    return True


def _is_unheard(connection: Any) -> bool:
    """Whether it was accepted, and has sent no request that was read."""
    return connection.cycle is None


def turn_newcomers_away(listener: socket.socket) -> None:
    """Leaves new handshakes unanswered, so that they come again, to whoever listens then; others are completed.

    Without it, whoever comes between the last accept and the close would be cut off. Linux only; elsewhere that stays.
    """
    if not sys.platform.startswith("linux"):
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _NO_NEW_HANDSHAKES))
    described = struct.pack("HP", len(_NO_NEW_HANDSHAKES), ctypes.addressof(program))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)


def end_at_the_latest() -> None:
    """Ends the process when its time to finish is over, whatever still hangs."""
    timer = threading.Timer(SECONDS_TO_FINISH, os._exit, (1,))
    timer.daemon = True
    timer.start()


def _config(served: "ASGIApp") -> uvicorn.Config:
    return uvicorn.Config(
        served,
        http=Connection,
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_FOR_WHAT_IS_UNDER_WAY,
    )
