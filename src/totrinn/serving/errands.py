"""Errands to other servers: what is due is looked for about once a second, by every node, and each is run by one.

Each errand has a name, and is run in a thread beside others, one at a time of each name: a server that does not answer
keeps nobody else waiting. Nothing that lets anybody in depends on them.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

from totrinn.app.errors import StoreUnavailable

INTERVAL_SECONDS = 1.0
_LONGEST_WORK_SECONDS = 15.0
_log = logging.getLogger("totrinn.serving.errands")

Errand = tuple[str, Callable[[], object]]
"""Its name, and what is to be done."""


class Errands:
    """A thread that looks for errands of one kind and has them run, until it is told to stop."""

    def __init__(
        self,
        kind: str,
        due: Callable[[datetime], Iterable[Errand]],
        *,
        at_once: int,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._due = due
        self._at_once = at_once
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=kind, daemon=True)
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix=kind)
        self._under_way: dict[str, Future[object]] = {}
        self._turn = 0
        self._turns: dict[str, int] = {}
        """When each of those that are still due had its last turn."""

    def start(self) -> None:
        """Begins; the first look is one interval from now, so that the start is not slowed."""
        self._thread.start()

    def stop(self) -> None:
        """Ends; what is under way may end by itself, and what is left is done later, or by others."""
        self._stopped.set()
        self._thread.join(_LONGEST_WORK_SECONDS)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            _quietly(lambda: self._look(datetime.now(UTC)))

    def _look(self, now: datetime) -> None:
        self._under_way = {name: future for name, future in self._under_way.items() if not future.done()}
        due = list(self._due(now))
        known = {name for name, _ in due} | set(self._under_way)
        self._turns = {name: turn for name, turn in self._turns.items() if name in known}
        # Whoever has waited longest comes first, so that a few who always have something keep nobody else from it.
        for name, work in sorted(due, key=lambda errand: self._turns.get(errand[0], 0)):
            if name not in self._under_way and len(self._under_way) < self._at_once:
                self._turn += 1
                self._turns[name] = self._turn
                self._under_way[name] = self._pool.submit(_quietly, work)


def _quietly(work: Callable[[], object]) -> None:
    try:
        work()
    except StoreUnavailable:
        _log.debug("the database does not answer")
    except Exception:  # noqa: BLE001  # whatever it is, serving goes on
        _log.exception("an errand failed")
