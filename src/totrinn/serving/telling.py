"""Applications are told of sessions that have ended, about a second after; by every node, and each only once.

Each application is told in a thread of its own, a few at a time, so that one that does not answer keeps no other
waiting. What cannot be said is said later, for up to a day. Nothing depends on it but how soon an application hears:
its tokens are worth nothing as soon as the session has ended.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from totrinn.app.applications.telling import due, sweep, tell
from totrinn.app.errors import StoreUnavailable

if TYPE_CHECKING:
    from totrinn.bootstrap import Installation
    from totrinn.fetching.exchange import Fetcher

INTERVAL_SECONDS = 1.0
_AT_ONCE = 8
_LONGEST_WORK_SECONDS = 15.0
_MOST_BYTES = 64 * 1024
_SWEEPING = "sweep"
_log = logging.getLogger("totrinn.serving.telling")


class Teller:
    """A thread that tells applications, until it is told to stop."""

    def __init__(self, installation: "Installation", *, interval: float = INTERVAL_SECONDS) -> None:
        self._services = installation.services
        self._issuer = installation.settings.base_url
        self._allow_private = installation.settings.allow_private_addresses
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telling", daemon=True)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="telling")
        self._under_way: dict[str, Future[object]] = {}

    @cached_property
    def _fetcher(self) -> "Fetcher":
        """Made when it is first needed, so that the start is not slowed."""
        from totrinn.fetching.exchange import Fetcher

        return Fetcher(allow_private=self._allow_private)

    def start(self) -> None:
        """Begins; the first look is one interval from now."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, after what is under way; what is left is told later, or by others."""
        self._stopped.set()
        self._thread.join(_LONGEST_WORK_SECONDS)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            try:
                self._look(datetime.now(UTC))
            except StoreUnavailable:
                _log.debug("the database does not answer")
            except Exception:  # noqa: BLE001  # whatever it is, serving goes on
                _log.exception("telling failed")

    def _look(self, now: datetime) -> None:
        self._under_way = {name: future for name, future in self._under_way.items() if not future.done()}
        is_sweep_due, applications = due(self._services, now)
        if is_sweep_due:
            self._begin(_SWEEPING, partial(sweep, self._services, now))
        for application_id in applications:
            self._begin(
                application_id,
                partial(tell, self._services, now, application_id, issuer=self._issuer, deliver=self._deliver),
            )

    def _begin(self, name: str, work: Callable[[], object]) -> None:
        if name not in self._under_way and len(self._under_way) < _AT_ONCE:
            self._under_way[name] = self._pool.submit(_logged, work)

    def _deliver(self, address: str, token: str) -> bool:
        from totrinn.fetching.exchange import Fetched

        fetched = self._fetcher.post(address, {"logout_token": token}, limit=_MOST_BYTES)
        is_taken = isinstance(fetched, Fetched) and 200 <= fetched.status < 300
        if not is_taken:
            said = fetched.status if isinstance(fetched, Fetched) else fetched.code
            _log.warning("an application was not told that a session has ended: %s", said)
        return is_taken


def _logged(work: Callable[[], object]) -> None:
    try:
        work()
    except StoreUnavailable:
        _log.debug("the database does not answer")
    except Exception:  # noqa: BLE001  # whatever it is, serving goes on
        _log.exception("telling failed")
