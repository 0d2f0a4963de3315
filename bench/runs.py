"""The runs: each on an installation of its own, in a folder that is removed afterwards."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import floor
from bench.browsing import Browser, Person
from bench.furnishing import furnish
from bench.journeys import FLOOR, TOTRINN, Journey
from bench.measuring import Cost, Load, all_at_once, journey_costs, load, step_cost
from bench.servers import Memory, Server, Start

WARM = 60
AT_ONCE = 16
STARTS = 5
_IDLE_SECONDS = 1.0
_FLOOR = "floor.sqlite3"


@dataclass(frozen=True, slots=True)
class SignIn:
    """One run of full sign-ins. Milliseconds of CPU."""

    steps: dict[str, Cost]
    hash: float
    start: Start
    idle: Memory
    busy: Memory
    loads: dict[str, Load]
    extra: dict[str, Cost]
    runs: tuple[float, ...] = ()
    """What every run had beyond the hash, of which this is the median."""

    @property
    def beyond(self) -> float:
        """All steps, less one hash."""
        return sum(cost.cpu for cost in self.steps.values()) - self.hash


class Bench:
    """Makes installations and runs servers, in a folder that the caller gives and removes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bytecode = folder / "bytecode"

    def totrinn(self, data: Path) -> Server:
        """The program itself, as an operator starts it."""
        program = Path(sys.executable).with_name("totrinn")
        command = [str(program), "serve", "--data", str(data), "--port", "{port}"]
        return Server(command, ready="/login", log=data / "server.log", bytecode=self._bytecode)

    def floor(self, data: Path) -> Server:
        """The bare floor."""
        command = [sys.executable, "-m", "bench.floor", str(data / _FLOOR), "{port}"]
        return Server(command, ready="/login", log=data / "server.log", bytecode=self._bytecode)

    def starts(self) -> tuple[list[Start], list[Start]]:
        """Starts of an installation that is there, the files being in the system's cache; the same of the floor."""
        with self._data() as data:
            furnish(data, 1)
            floor.furnish(data / _FLOOR, 1)
            return self._started(lambda: self.totrinn(data)), self._started(lambda: self.floor(data))

    def run_totrinn(self, count: int, *, with_load: bool) -> SignIn:
        """Full sign-ins by so many persons, then pages under load, then many sign-ins at once."""
        with self._data() as data:
            persons, administrator = furnish(data, count + WARM + AT_ONCE)
            with self.totrinn(data) as server:
                return _measured(server, TOTRINN, persons, administrator, ("/account", "/") if with_load else ())

    def run_floor(self, count: int, *, with_load: bool) -> SignIn:
        """The same, of the bare floor."""
        with self._data() as data:
            persons = floor.furnish(data / _FLOOR, count + WARM + AT_ONCE)
            with self.floor(data) as server:
                return _measured(server, FLOOR, persons, None, ("/",) if with_load else ())

    def _started(self, make: Callable[[], Server]) -> list[Start]:
        starts = []
        for _ in range(STARTS + 1):
            with make() as server:
                starts.append(server.start)
        return starts[1:]

    @contextmanager
    def _data(self) -> Iterator[Path]:
        with TemporaryDirectory(dir=self._folder) as name:
            yield Path(name)


def _measured(
    server: Server, journey: Journey, persons: list[Person], administrator: Person | None, pages: tuple[str, ...]
) -> SignIn:
    time.sleep(_IDLE_SECONDS)
    idle = server.memory()
    warm, at_once, each = persons[:WARM], persons[WARM : WARM + AT_ONCE], persons[WARM + AT_ONCE :]
    steps, one_hash = journey_costs(server, journey, warm, each)
    extra = {} if administrator is None else _of_administrator(server, journey, administrator, len(each))
    loads = {page: load(server, page, each[-1]) for page in pages}
    all_at_once(server, journey, at_once)
    return SignIn(steps, one_hash, server.start, idle, server.memory(), loads, extra)


def _of_administrator(server: Server, journey: Journey, administrator: Person, count: int) -> dict[str, Cost]:
    browser = Browser(server.port)
    for step in journey.values():
        step(browser, administrator)
    cost = step_cost(server, browser, journey["first page"], [administrator] * count)
    browser.close()
    return {"first page, administrator": cost}
