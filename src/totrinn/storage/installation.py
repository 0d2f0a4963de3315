"""What the installation as a whole remembers: the check value of its keys, the heads of the sealed log."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, String, bindparam, cast, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too
from sqlalchemy.sql.dml import ReturningInsert

from totrinn.app import ports
from totrinn.storage.columns import microseconds
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import installation

_I = installation.c
_MICROSECOND = timedelta(microseconds=1)
_CLOCK = select(func.clock_timestamp())
_READ = select(_I.value).where(is_which(_I.key))
_new = insert(installation)
_LOCK = _new.on_conflict_do_update(index_elements=["key"], set_={"key": _new.excluded.key}).returning(_I.value)
_WRITE = _new.on_conflict_do_update(index_elements=["key"], set_={"value": _new.excluded.value})

# A lease is its end in microseconds since 1970, which have sixteen digits until 2286, and whose it is.
_END, _HOLDER = func.substr(_I.value, 1, 16), func.substr(_I.value, 18)
_THEIR_CLOCK = cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
_OUR_CLOCK = bindparam("clock", type_=BigInteger)
_GIVE_UP = delete(installation).where(is_which(_I.key), bindparam("holder", type_=String) == _HOLDER)


def _take(clock: ColumnElement[int]) -> ReturningInsert[tuple[str]]:
    end = cast(clock + bindparam("lasting", type_=BigInteger), String)
    new = insert(installation).values(key=bindparam("which"), value=end + " " + bindparam("holder", type_=String))
    may = or_(cast(clock, String) > _END, bindparam("holder", type_=String) == _HOLDER)
    return new.on_conflict_do_update(
        index_elements=["key"], set_={"value": new.excluded.value}, where=may
    ).returning(_I.key)  # fmt: skip


_TAKE_BY_THEIR_CLOCK, _TAKE_BY_OUR_CLOCK = _take(_THEIR_CLOCK), _take(_OUR_CLOCK)


class SqlInstallation(Repository, ports.Installation):
    """Implements `ports.Installation`."""

    __slots__ = ()

    def clock(self) -> datetime | None:
        """The clock of a server; an embedded database has none of its own."""
        if self._connection.dialect.name != "postgresql":
            return None
        at: datetime = self._connection.execute(_CLOCK).scalar_one()
        return at

    def read(self, key: str) -> str | None:
        """The value under this key."""
        return self._connection.execute(_READ, {"which": key}).scalar()

    def lock(self, key: str) -> str:
        """The value, empty when there was none, held until this transaction ends."""
        return str(self._connection.execute(_LOCK, {"key": key, "value": ""}).scalar_one())

    def take_lease(self, key: str, holder: str, now: datetime, lasting: timedelta) -> bool:
        """Takes or prolongs the lease under this key, unless somebody else's still runs; whether it is the holder's."""
        values = {"which": key, "holder": holder, "lasting": lasting // _MICROSECOND}
        if self._connection.dialect.name == "postgresql":
            return self._has_row(_TAKE_BY_THEIR_CLOCK, values)
        return self._has_row(_TAKE_BY_OUR_CLOCK, values | {"clock": microseconds(now)})

    def give_up_lease(self, key: str, holder: str) -> None:
        """Ends the holder's lease, if it is theirs."""
        self._connection.execute(_GIVE_UP, {"which": key, "holder": holder})

    def starting_with(self, beginning: str) -> dict[str, str]:
        """The values of all keys that begin so, by what follows."""
        found = select(_I.key, _I.value).where(_I.key.startswith(beginning, autoescape=True))
        return {key.removeprefix(beginning): value for key, value in self._connection.execute(found)}

    def write(self, key: str, value: str) -> None:
        """Stores the value."""
        self._connection.execute(_WRITE, {"key": key, "value": value})
