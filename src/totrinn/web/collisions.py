"""Beginning a request anew, after the database has ended its transaction so that another could go on.

It is begun anew from nothing, and only while nothing that it did has been kept: a failure that was counted is not
counted again, a code that was taken is not asked for again. Whatever has been done already, the answer is 503
(`docs/decisions` tells why it is the request that is begun anew, and not the transaction).
"""

import secrets
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from types import TracebackType

from totrinn.app.ports import Store, Unit
from totrinn.web.ask import Ask

ATTEMPTS = 4
_MILLISECONDS = 40


class WatchedStore(Store):
    """The store as one attempt sees it; it knows whether anything that the attempt wrote may have been kept."""

    __slots__ = ("_store", "may_have_written")

    def __init__(self, store: Store) -> None:
        self._store = store
        self.may_have_written = False

    def reading(self) -> AbstractContextManager[Unit]:
        """As of the store."""
        return self._store.reading()

    def writing(self) -> AbstractContextManager[Unit]:
        """As of the store; watched."""
        return _Watched(self, self._store.writing())

    def clock_difference(self) -> timedelta:
        """As of the store."""
        return self._store.clock_difference()


class _Watched:
    __slots__ = ("_store", "_transaction")

    def __init__(self, store: WatchedStore, transaction: AbstractContextManager[Unit]) -> None:
        self._store, self._transaction = store, transaction

    def __enter__(self) -> Unit:
        return self._transaction.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        if kind is None:
            # Said before: when a commit fails, it is not known what has become of it.
            self._store.may_have_written = True
        return self._transaction.__exit__(kind, error, traceback)


def watched(ask: Ask, store: Store) -> tuple[Ask, WatchedStore]:
    """The request as it came, for one attempt at it: nobody admitted yet, no cookie to be set."""
    watching = WatchedStore(store)
    services = replace(ask.services, store=watching)
    return replace(ask, services=services, actor=None, signin=None, cookies_to_set={}, retry_at=None), watching


def wait_after(attempt: int) -> None:
    """Lets whoever it collided with go on: the longer, the more attempts there were, and no two equally long."""
    time.sleep(secrets.randbelow(_MILLISECONDS * attempt) / 1000)
