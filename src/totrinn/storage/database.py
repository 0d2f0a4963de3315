"""The database, as the rest of the program holds it."""

from datetime import UTC, datetime, timedelta

from totrinn.app.observing import NOBODY, Observer
from totrinn.app.ports import GateReads, Store
from totrinn.storage.engine import Engines, make_engines
from totrinn.storage.migrating import Migrated, check_revision, migrate
from totrinn.storage.postgresql import CONNECTIONS
from totrinn.storage.steady import SteadyClock
from totrinn.storage.unit_of_work import Transaction


class Database(Store):
    """Implements `ports.Store`. Made by `Database.open`; one per process, for any number of threads."""

    def __init__(self, engines: Engines, observer: Observer = NOBODY, steady: SteadyClock | None = None) -> None:
        self._engines = engines
        self._observer = observer
        self._opened_for_gate: list[GateReads] = []
        self.steady = steady or SteadyClock()

    @classmethod
    def open(
        cls,
        url: str,
        observer: Observer = NOBODY,
        *,
        connections: int = CONNECTIONS,
        steady: SteadyClock | None = None,
    ) -> "Database":
        """The database at this address (`sqlite:////path/to/file`, `postgresql://…`); nothing is connected yet.

        Of PostgreSQL it keeps at most so many `connections` for reading, and as many for writing. `steady` is the
        clock that this machine's is compared with beside a file; by default, one that begins now. Raises
        `UnusableDatabase` when the address names none that can be used.
        """
        return cls(make_engines(url, connections=connections), observer, steady)

    @property
    def engines(self) -> Engines:
        """Its pools, for what must go below this interface."""
        return self._engines

    def reading(self) -> Transaction:
        """One consistent view, for reading only: the database refuses whatever would write."""
        return Transaction(self._engines.reading, self._observer)

    def writing(self) -> Transaction:
        """One transaction that may write; committed on leaving the block, rolled back on an exception."""
        return Transaction(self._engines.writing, self._observer)

    def clock_difference(self) -> timedelta:
        """By how much the database's clock is ahead of this machine's, as if it answered in the midst of the asking.

        A file has no clock: this machine's is then compared with itself, as it has run on.
        """
        with self.reading() as unit:
            before = datetime.now(UTC)
            theirs = unit.installation.clock()
            ours = before + (datetime.now(UTC) - before) / 2
        if theirs is None:
            return self.steady.now() - datetime.now(UTC)
        return theirs - ours

    def gate_reads(self) -> GateReads:
        """What the gate of one event loop reads by; closed with the database."""
        reads = self._engines.gate_reads()
        self._opened_for_gate.append(reads)
        return reads

    def migrate(self) -> Migrated:
        """Makes or renews the tables. Raises `DatabaseTooNew` for a database that a newer program has migrated."""
        return migrate(self._engines.writing)

    def check(self) -> None:
        """Raises `DatabaseTooNew` or `DatabaseNotMigrated` unless the tables are those that this program knows."""
        check_revision(self._engines.reading)

    def close(self) -> None:
        """Closes every connection."""
        for reads in self._opened_for_gate:
            reads.close()
        self._engines.dispose()
