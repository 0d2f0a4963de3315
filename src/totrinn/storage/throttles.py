"""Counters of failures, and the browsers that have once fully signed in."""

from datetime import datetime

from sqlalchemy import bindparam, delete, distinct, func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.core.throttle import ADDRESS_WINDOW, Counter
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import address_failure, device, throttle

_T, _F, _D = throttle.c, address_failure.c, device.c

_READ = select(_T.failures, _T.last_at).where(is_which(_T.key))
_new = insert_or(throttle)
# An update that changes nothing locks the row; it is there to be locked even at the very first attempt.
_LOCK = _new.on_conflict_do_update(index_elements=["key"], set_={"key": _new.excluded.key}).returning(
    _T.failures, _T.last_at
)
_SAVE = _new.on_conflict_do_update(
    index_elements=["key"], set_={"failures": _new.excluded.failures, "last_at": _new.excluded.last_at}
)
_CLEAR = delete(throttle).where(is_which(_T.key))

_ADD_FAILURE = insert(address_failure)
_FORGET_FAILURES = delete(address_failure).where(is_which(_F.address), _F.at < bindparam("before"))
_FAILURES = select(func.count(), func.count(distinct(_F.account)), func.min(_F.at)).where(
    is_which(_F.address), _F.at >= bindparam("since")
)

_KNOWS = select(1).where(is_which(_D.digest), is_which(_D.person_id, "which_person"))
_KNOWS_ANY = select(1).where(is_which(_D.digest)).limit(1)
_seen = insert_or(device)
_REMEMBER = _seen.on_conflict_do_update(
    index_elements=["digest", "person_id"], set_={"used_at": _seen.excluded.used_at}
)


class SqlThrottles(Repository, ports.Throttles):
    """Implements `ports.Throttles`."""

    __slots__ = ()

    def read(self, key: str) -> Counter:
        """The counter; zero when there is none."""
        row = self._connection.execute(_READ, {"which": key}).first()
        return Counter() if row is None else Counter(*row)

    def lock(self, key: str) -> Counter:
        """The counter; whoever locks the same key meanwhile waits until this transaction ends."""
        return Counter(*self._connection.execute(_LOCK, {"key": key, "failures": 0}).one())

    def save(self, key: str, counter: Counter) -> None:
        """Stores the counter."""
        self._connection.execute(_SAVE, {"key": key, "failures": counter.failures, "last_at": counter.last_at})

    def clear(self, key: str) -> None:
        """Back to zero."""
        self._connection.execute(_CLEAR, {"which": key})

    def add_address_failure(self, address: str, account: str, now: datetime) -> None:
        """Remembers that this network address failed at this account, and forgets what is too old to count."""
        self._connection.execute(_FORGET_FAILURES, {"which": address, "before": now - ADDRESS_WINDOW})
        self._connection.execute(_ADD_FAILURE, {"address": address, "account": account, "at": now})

    def address_failures(self, address: str, since: datetime) -> tuple[int, int, datetime | None]:
        """(failures, different accounts, the oldest) of a network address since then."""
        failures, accounts, oldest = self._connection.execute(_FAILURES, {"which": address, "since": since}).one()
        return failures, accounts, oldest


class SqlDevices(Repository, ports.Devices):
    """Implements `ports.Devices`."""

    __slots__ = ()

    def knows(self, digest: bytes, person_id: str) -> bool:
        """Whether this person has fully signed in with this browser."""
        return self._has_row(_KNOWS, {"which": digest, "which_person": person_id})

    def knows_any(self, digest: bytes) -> bool:
        """Whether anybody has."""
        return self._has_row(_KNOWS_ANY, {"which": digest})

    def remember(self, digest: bytes, person_id: str, now: datetime) -> None:
        """Remembers it, and when it was last used."""
        self._connection.execute(_REMEMBER, {"digest": digest, "person_id": person_id, "used_at": now})
