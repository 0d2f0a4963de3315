"""What the installation as a whole remembers: the check value of its keys, the heads of the sealed log."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import installation

_I = installation.c
_CLOCK = select(func.clock_timestamp())
_READ = select(_I.value).where(is_which(_I.key))
_new = insert(installation)
_LOCK = _new.on_conflict_do_update(index_elements=["key"], set_={"key": _new.excluded.key}).returning(_I.value)
_WRITE = _new.on_conflict_do_update(index_elements=["key"], set_={"value": _new.excluded.value})


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

    def starting_with(self, beginning: str) -> dict[str, str]:
        """The values of all keys that begin so, by what follows."""
        found = select(_I.key, _I.value).where(_I.key.startswith(beginning, autoescape=True))
        return {key.removeprefix(beginning): value for key, value in self._connection.execute(found)}

    def write(self, key: str, value: str) -> None:
        """Stores the value."""
        self._connection.execute(_WRITE, {"key": key, "value": value})
