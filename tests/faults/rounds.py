"""Rounds of faults: people work, something breaks in the middle, it is mended, and everything is looked at."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checking import examine
from tests.faults.crowd import Crowd
from tests.faults.journal import Journal
from tests.faults.people import furnish
from tests.faults.product import Product, served

_READY_SECONDS = 2.0
_SLOWER_THAN_A_START = 3.0
_BEFORE_SECONDS = (0.2, 1.2)
_AFTER_SECONDS = 0.3
_PATIENCE_SECONDS = 60
_PAUSE = 0.05


@dataclass
class Rounds:
    """The rounds of one product; `seconds` holds how long each took, from the mending until it was ready."""

    product: Product
    journal: Journal
    crowd: Crowd
    chance: random.Random
    seconds: list[float] = field(default_factory=list)

    def work(self, seconds: float, *acts: str) -> None:
        """People work so long, and until each of these acts has succeeded meanwhile; nothing breaks."""
        before = self.journal.acts.copy()

        def idle() -> list[str]:
            return [act for act in acts if self.journal.acts[f"{act} done"] == before[f"{act} done"]]

        with self.crowd.at_work():
            time.sleep(seconds)
            last = time.monotonic() + _PATIENCE_SECONDS
            while idle() and time.monotonic() < last:
                time.sleep(_PAUSE)
        assert not idle(), f"nobody got so far as to {idle()}: {dict(self.journal.acts)}, {self.product.said()}"
        self.check()

    def round(self, fault: Callable[[], object], mend: Callable[[], object], *, lasts: float = 0.0) -> None:
        """One fault in the middle of the work, mended after so many seconds."""
        with self.crowd.at_work():
            time.sleep(self.chance.uniform(*_BEFORE_SECONDS))
            fault()
            time.sleep(lasts)
            mend()
            self.seconds.append(self.product.seconds_to_ready())
            time.sleep(_AFTER_SECONDS)
        self.check()

    def check(self) -> None:
        """Nothing acknowledged is lost, nothing happened twice, nothing is half."""
        found = examine(self.journal, self.product.settings)
        if found:
            raise AssertionError("\n".join(found))

    def was_soon_ready(self) -> None:
        """Ready within two seconds after each fault; on a busy machine, not much later than after a mere start."""
        limit = max(_READY_SECONDS, _SLOWER_THAN_A_START * self.product.started_in)
        assert max(self.seconds) < limit, f"ready after {max(self.seconds)} s, and not {limit}: {self.seconds}"

    def told(self, name: str) -> str:
        """The figures in one line."""
        median = statistics.median(self.seconds)
        acts = {what: sum(n for act, n in self.journal.acts.items() if act.endswith(what)) for what in _OUTCOMES}
        return (
            f"{name}: {len(self.seconds)} rounds, ready after {min(self.seconds):.2f} / {median:.2f} /"
            f" {max(self.seconds):.2f} s (min, median, max); acts {acts}"
        )


_OUTCOMES = ("done", "refused", "unknown")


@contextmanager
def stage(
    folder: Path, seed: int, *, database: str = "", workers: int = 1, environment: dict[str, str] | None = None
) -> Iterator[Rounds]:
    """An installation with people in it, served; `database` is empty for SQLite."""
    journal = Journal()
    town = furnish(folder, journal, database=database)
    with served(folder, database=database, workers=workers, environment=environment) as product:
        town.house.address = product.address
        with closing(town):
            yield Rounds(product, journal, Crowd(town, journal, seed), random.Random(seed))
