"""Errands to other servers: what is due is looked for about once a second, by every node, and each is run by one.

Each errand has a name, and is run in a thread beside others, one at a time of each name: a server that does not answer
keeps nobody else waiting. Each has an owner, too, who has a few of the threads at the most, and whose turn comes when
it has waited longest: so one who has many servers gets no more than one who has one. Nothing that lets anybody in
depends on them.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from totrinn.app.errors import StoreUnavailable

INTERVAL_SECONDS = 1.0
_LONGEST_WORK_SECONDS = 15.0
_log = logging.getLogger("totrinn.serving.errands")


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be done, under a name that nothing else has."""

    name: str
    owner: str
    """Whose it is."""
    work: Callable[[], object]


class Errands:
    """A thread that looks for errands of one kind and has them run, until it is told to stop."""

    def __init__(
        self,
        kind: str,
        due: Callable[[datetime], Iterable[Errand]],
        *,
        at_once: int,
        of_one_owner: int,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._due = due
        self._at_once = at_once
        self._of_one_owner = of_one_owner
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=kind, daemon=True)
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix=kind)
        self._under_way: dict[str, tuple[str, Future[object]]] = {}
        """By name: the owner, and what became of it."""
        self._turn = 0
        self._turns: dict[tuple[str, str], int] = {}
        """When each owner, and each name of theirs, of those that are still due, had its last turn."""

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
        self._under_way = {name: each for name, each in self._under_way.items() if not each[1].done()}
        due = list(self._due(now))
        known = {(errand.owner, name) for errand in due for name in ("", errand.name)}
        known |= {(owner, each) for name, (owner, _) in self._under_way.items() for each in ("", name)}
        self._turns = {key: turn for key, turn in self._turns.items() if key in known}
        while len(self._under_way) < self._at_once:
            free = [errand for errand in due if self._is_free(errand)]
            if not free:
                break
            self._begin(min(free, key=self._last_turn))

    def _is_free(self, errand: Errand) -> bool:
        owners = [owner for owner, _ in self._under_way.values()]
        return errand.name not in self._under_way and owners.count(errand.owner) < self._of_one_owner

    def _last_turn(self, errand: Errand) -> tuple[int, int]:
        """Whoever has waited longest comes first, so that a few who always have something keep nobody else from it."""
        return self._turns.get((errand.owner, ""), 0), self._turns.get((errand.owner, errand.name), 0)

    def _begin(self, errand: Errand) -> None:
        self._turn += 1
        self._turns[errand.owner, ""] = self._turns[errand.owner, errand.name] = self._turn
        self._under_way[errand.name] = errand.owner, self._pool.submit(_quietly, errand.work)


def _quietly(work: Callable[[], object]) -> None:
    try:
        work()
    except StoreUnavailable:
        _log.debug("the database does not answer")
    except Exception:  # noqa: BLE001  # whatever it is, serving goes on
        _log.exception("an errand failed")
