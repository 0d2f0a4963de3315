"""The runs: each on an installation of its own, in a folder that is removed afterwards."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import floor
from bench.browsing import Browser, Person
from bench.furnishing import furnish
from bench.hashing import cpu_of_one_hash
from bench.journeys import FLOOR, TOTRINN, Journey
from bench.measuring import Cost, Load, all_at_once, journey_costs, load, step_cost
from bench.servers import Memory, Server, Start

WARM = 60
AT_ONCE = 16
STARTS = 5
_IDLE_SECONDS = 1.0


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

    @property
    def beyond(self) -> float:
        """All steps, less one hash."""
        return sum(cost.cpu for cost in self.steps.values()) - self.hash


def totrinn_server(folder: Path) -> Server:
    """The program itself, as an operator starts it."""
    program = Path(sys.executable).with_name("totrinn")
    command = [str(program), "serve", "--data", str(folder), "--port", "{port}"]
    return Server(command, ready="/login", log=folder / "server.log")


def floor_server(folder: Path) -> Server:
    """The bare floor."""
    command = [sys.executable, "-m", "bench.floor", str(folder / "floor.sqlite3"), "{port}"]
    return Server(command, ready="/login", log=folder / "server.log")


def run_totrinn(count: int, *, with_load: bool) -> SignIn:
    """Full sign-ins by so many persons, then pages under load, then many sign-ins at once."""
    with TemporaryDirectory(prefix="totrinn-bench-") as name:
        folder = Path(name)
        persons, administrator = furnish(folder, count + WARM + AT_ONCE)
        with totrinn_server(folder) as server:
            return _measured(server, TOTRINN, persons, administrator, ("/account", "/") if with_load else ())


def run_floor(count: int, *, with_load: bool) -> SignIn:
    """The same, of the bare floor."""
    with TemporaryDirectory(prefix="totrinn-bench-") as name:
        folder = Path(name)
        persons = floor.furnish(folder / "floor.sqlite3", count + WARM + AT_ONCE)
        with floor_server(folder) as server:
            return _measured(server, FLOOR, persons, None, ("/",) if with_load else ())


def run_starts() -> list[Start]:
    """Starts of an installation that is there, the files being in the system's cache."""
    with TemporaryDirectory(prefix="totrinn-bench-") as name:
        folder = Path(name)
        furnish(folder, 1)
        starts = []
        for _ in range(STARTS + 1):
            with totrinn_server(folder) as server:
                starts.append(server.start)
        return starts[1:]


def _measured(
    server: Server, journey: Journey, persons: list[Person], administrator: Person | None, pages: tuple[str, ...]
) -> SignIn:
    time.sleep(_IDLE_SECONDS)
    idle = server.memory()
    before = cpu_of_one_hash()
    warm, at_once, each = persons[:WARM], persons[WARM : WARM + AT_ONCE], persons[WARM + AT_ONCE :]
    steps = journey_costs(server, journey, warm, each)
    one_hash = (before + cpu_of_one_hash()) / 2
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
