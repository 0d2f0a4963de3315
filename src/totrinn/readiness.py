"""Whether this process can do its work now: its database answers, is the one it knows, and fits its keys and clock.

It is found out on a connection of its own, so that neither a burst of sign-ins makes the process look broken nor the
asking takes anything from them; and at most once a second, however often somebody asks. Whoever asks waits for a second
at most, also when the database hangs.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from totrinn.app.ports import is_off
from totrinn.crypto import KeyVault, keys_fit
from totrinn.storage import Database, DatabaseNotMigrated, DatabaseTooNew

REMEMBERED_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 1.0
_GIVEN_UP_AFTER = 15.0
_MOST_AT_ONCE = 3

NO_ANSWER = "the database does not answer"
OTHER_TABLES = "the tables are not those of this program"
OTHER_KEYS = "the keys are not those of this database"
CLOCK_IS_OFF = "the clock does not agree with the database's, or has been set"
IS_ENDING = "this process is about to end"

Reasons = tuple[str, ...]


class Readiness:
    """What `/health/ready` asks, within one event loop."""

    def __init__(
        self, opened: Callable[[], AbstractContextManager[Database]], vault: KeyVault, is_ending: Callable[[], bool]
    ) -> None:
        self._opened = opened
        self._vault = vault
        self._is_ending = is_ending
        self._asking: asyncio.Future[Reasons] | None = None
        self._asked_at = 0.0
        self._under_way = 0

    async def __call__(self) -> Reasons:
        """Why this process is not ready, a line each, fit for a stranger's eyes; nothing when it is."""
        if self._is_ending():
            return (IS_ENDING,)
        asking = self._current()
        try:
            return await asyncio.wait_for(asyncio.shield(asking), LONGEST_WAIT_SECONDS)
        except TimeoutError:
            return (NO_ANSWER,)

    def _current(self) -> "asyncio.Future[Reasons]":
        now, asking = time.monotonic(), self._asking
        if asking is not None:
            allowed = REMEMBERED_SECONDS if asking.done() else _GIVEN_UP_AFTER
            if now - self._asked_at < allowed or self._under_way >= _MOST_AT_ONCE:
                return asking
        loop = asyncio.get_running_loop()
        self._asked_at, self._asking = now, loop.create_future()
        self._under_way += 1
        # A daemon, unlike the threads of an executor: one that hangs keeps nobody from ending.
        threading.Thread(target=self._ask, args=(loop, self._asking), name="readiness", daemon=True).start()
        return self._asking

    def _ask(self, loop: asyncio.AbstractEventLoop, asking: "asyncio.Future[Reasons]") -> None:
        try:
            reasons = self._found()
        except Exception:  # noqa: BLE001 whatever it is, the process cannot do its work
            reasons = (NO_ANSWER,)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(self._told, asking, reasons)

    def _told(self, asking: "asyncio.Future[Reasons]", reasons: Reasons) -> None:
        self._under_way -= 1
        if not asking.done():
            asking.set_result(reasons)

    def _found(self) -> Reasons:
        try:
            with self._opened() as database:
                database.check()
                fit = keys_fit(database, self._vault)
                off = is_off(database.clock_difference())
        except (DatabaseTooNew, DatabaseNotMigrated):
            return (OTHER_TABLES,)
        keys = () if fit else (OTHER_KEYS,)
        clock = (CLOCK_IS_OFF,) if off else ()
        return (*keys, *clock)
