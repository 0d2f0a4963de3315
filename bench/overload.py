"""Five times as many sign-ins as can be served: `python -m bench.overload`.

How many can be served is measured first, by a few who wait for their answers and ask again.

One organisation's people sign in from many addresses, in an open loop. Beside them a steady stream of pages is asked
for with live sessions, and a few people of another organisation sign in. The sender shares the cores with the server:
what it takes, and what everything else on the machine takes, is taken off what the server could have hashed.
"""

import argparse
import asyncio
import itertools
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from bench import offering
from bench.browsing import Browser, Person
from bench.furnishing import furnish_several
from bench.hashing import cpu_of_one_hash
from bench.journeys import TOTRINN
from bench.offering import Asked, Outcome
from bench.servers import Server

TIMES = 5.0
PAGES = 0.25
OTHERS = 0.04
"""So many pages and sign-ins of the other organisation for each sign-in that can be served."""
_FLOODING, _OTHER, _LIVE = "flooding", "other", "live"
_COUNTS = {_FLOODING: 400, _OTHER: 60, _LIVE: 8}
_QUIET_SECONDS = 3.0
_CLOSED_SECONDS = 4.0
_LONGEST_RECOVERY = 30.0
_STATUS_SERVED = 303
_STATUS_REFUSED = 503


@dataclass(slots=True)
class Stream:
    """What became of one kind of request."""

    outcomes: list[Outcome] = field(default_factory=list)

    def note(self, outcome: Outcome) -> None:
        """Keeps one."""
        self.outcomes.append(outcome)

    def of(self, status: int) -> list[float]:
        """Milliseconds of those with this status, in order."""
        return sorted(outcome.seconds * 1000 for outcome in self.outcomes if outcome.status == status)

    def served_within(self, seconds: float) -> int:
        """How many sign-ins were through before the load ended."""
        first = min(outcome.due for outcome in self.outcomes)
        return sum(
            outcome.status == _STATUS_SERVED and outcome.due + outcome.seconds <= first + seconds
            for outcome in self.outcomes
        )

    def share(self, status: int) -> float:
        """How many of all had this status."""
        return len(self.of(status)) / max(1, len(self.outcomes))


@dataclass(slots=True)
class Run:
    """One run: what was offered, and what came of it."""

    hash_ms: float
    closed_per_second: float = 0.0
    offered_per_second: float = 0.0
    seconds: float = 0.0
    flood: Stream = field(default_factory=Stream)
    others: Stream = field(default_factory=Stream)
    pages: Stream = field(default_factory=Stream)
    quiet: Stream = field(default_factory=Stream)
    memory: list[float] = field(default_factory=list)
    could_hash_per_second: float = 0.0
    sender_cores: float = 0.0
    recovery: float = 0.0


def main() -> None:
    """Runs what was asked for."""
    signal.signal(signal.SIGTERM, _stop)
    asked = _asked()
    with TemporaryDirectory(prefix="totrinn-overload-") as name, _database(asked.database) as database:
        folder = Path(name)
        people = furnish_several(folder, _COUNTS, database)
        with _server(folder, database, asked.workers) as server:
            run = asyncio.run(_run(server, people, asked))
    _print(run, asked)


def _stop(_number: int, _frame: object) -> NoReturn:
    """The servers are stopped on the way out."""
    raise SystemExit(143)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.overload", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="S", help="how long the load lasts")
    parser.add_argument("--addresses", type=int, default=200, metavar="N", help="how many the flood comes from")
    return parser.parse_args()


@contextmanager
def _database(kind: str) -> Iterator[str | None]:
    if kind == "sqlite":
        yield None
        return
    from tests.postgresql_server import PostgresqlServer

    with PostgresqlServer.find() as server:
        yield server.url(server.create_database())


def _server(folder: Path, database: str | None, workers: int) -> Server:
    program = Path(sys.executable).with_name("totrinn")
    command = [str(program), "serve", "--data", str(folder), "--port", "{port}", "--workers", str(workers)]
    command += ["--database", database] if database else []
    return Server(command, ready="/login", log=folder / "server.log", bytecode=folder / "bytecode")


async def _run(server: Server, people: dict[str, list[Person]], asked: argparse.Namespace) -> Run:
    await asyncio.to_thread(_let_in, server, people)
    run = Run(hash_ms=cpu_of_one_hash())
    flood = _cycle(server.port, people[_FLOODING], _addresses(1, asked.addresses))
    others = _cycle(server.port, people[_OTHER], _addresses(2, 20))
    pages = itertools.cycle([offering.page(server.port, person, "127.0.3.1") for person in people[_LIVE]])
    cores = os.cpu_count() or 1
    closed = await offering.closed_loop(
        server.port, flood, at_once=3 * cores, until=time.perf_counter() + _CLOSED_SECONDS
    )
    run.closed_per_second = sum(each.status == _STATUS_SERVED for each in closed) / _CLOSED_SECONDS
    until = time.perf_counter() + _QUIET_SECONDS
    await offering.offer(
        server.port, others, per_second=OTHERS * run.closed_per_second, until=until, note=run.quiet.note
    )
    run.offered_per_second = TIMES * run.closed_per_second
    await _loaded(server, run, asked.seconds, (flood, others, pages))
    run.recovery = await _recover(server, others, run)
    return run


async def _loaded(
    server: Server, run: Run, seconds: float, streams: tuple[Iterator[Asked], Iterator[Asked], Iterator[Asked]]
) -> None:
    flood, others, pages = streams
    port, began = server.port, time.perf_counter()
    until = began + seconds
    before = _Use.now(server)
    watching = asyncio.create_task(_watch(server, run))
    flooding = asyncio.create_task(
        offering.offer(port, flood, per_second=run.offered_per_second, until=until, note=run.flood.note)
    )
    other_ones = asyncio.create_task(
        offering.offer(port, others, per_second=OTHERS * run.closed_per_second, until=until, note=run.others.note)
    )
    asking = asyncio.create_task(
        offering.offer(port, pages, per_second=PAGES * run.closed_per_second, until=until, note=run.pages.note)
    )
    await asyncio.sleep(until - time.perf_counter())
    run.seconds = time.perf_counter() - began
    used = _Use.now(server) - before
    left = (os.cpu_count() or 1) * run.seconds - (used.machine - used.server)
    run.could_hash_per_second = left / run.seconds * 1000 / run.hash_ms
    run.sender_cores = used.sender / run.seconds
    run.recovery = time.perf_counter()
    watching.cancel()
    await asyncio.gather(flooding, other_ones, asking)


@dataclass(frozen=True, slots=True)
class _Use:
    """Seconds of CPU: of the server, of this program, of everything on the machine."""

    server: float
    sender: float
    machine: float

    @classmethod
    def now(cls, server: Server) -> "_Use":
        fields = [int(part) for part in Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:9]]
        busy = sum(fields) - fields[3] - fields[4]
        return cls(server.cpu(), time.process_time(), busy / os.sysconf("SC_CLK_TCK"))

    def __sub__(self, other: "_Use") -> "_Use":
        return _Use(self.server - other.server, self.sender - other.sender, self.machine - other.machine)


async def _watch(server: Server, run: Run) -> None:
    while True:
        run.memory.append(await asyncio.to_thread(lambda: server.memory().rss))
        await asyncio.sleep(1)


async def _recover(server: Server, others: Iterator[Asked], run: Run) -> float:
    """Seconds from the end of the load until a sign-in takes no longer than twice what it took before."""
    ended = run.recovery
    usual = _at(run.quiet.of(_STATUS_SERVED), 50)
    while time.perf_counter() < ended + _LONGEST_RECOVERY:
        outcome = await offering.ask(server.port, next(others), time.perf_counter())
        if outcome.status == _STATUS_SERVED and outcome.seconds * 1000 <= 2 * usual:
            break
    return time.perf_counter() - ended


def _let_in(server: Server, people: dict[str, list[Person]]) -> None:
    """Everybody has seen the sign-in page; those who ask for pages have signed in."""
    browser = Browser(server.port)
    steps = list(TOTRINN.values())
    for slug, persons in people.items():
        for person in persons:
            for step in steps if slug == _LIVE else steps[:1]:
                step(browser, person)
    browser.close()


def _cycle(port: int, people: Sequence[Person], addresses: Sequence[str]) -> Iterator[Asked]:
    turns = zip(itertools.cycle(people), itertools.cycle(addresses), strict=False)
    return (offering.sign_in(port, person, address) for person, address in turns)


def _addresses(network: int, count: int) -> list[str]:
    return [f"127.0.{network}.{number + 1}" for number in range(min(count, 250))]


def _at(ordered: list[float], percent: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")


def _spread(ordered: list[float]) -> str:
    return " / ".join(f"{_at(ordered, percent):.0f}" for percent in (50, 95, 99))


def _print(run: Run, asked: argparse.Namespace) -> None:
    goodput = (run.flood.served_within(run.seconds) + run.others.served_within(run.seconds)) / run.seconds
    unanswered = sum(outcome.status == 0 for outcome in run.flood.outcomes)
    rows = (
        ("database, workers", f"{asked.database}, {asked.workers}"),
        ("offered sign-ins a second, for so many seconds", f"{run.offered_per_second:.0f}, {run.seconds:.0f}"),
        ("live pages, p50 / p95 / p99 (ms)", _spread(run.pages.of(200))),
        ("live pages answered, of how many", f"{run.pages.share(200):.1%}, {len(run.pages.outcomes)}"),
        ("sign-ins served a second", f"{goodput:.0f}"),
        ("of what six a core who wait for each other reach", f"{goodput / run.closed_per_second:.0%}"),
        ("of what the cores left to the server could hash", f"{goodput / run.could_hash_per_second:.0%}"),
        ("served, p50 / p95 / p99 (ms)", _spread(run.flood.of(_STATUS_SERVED))),
        ("refused, of the flood", f"{run.flood.share(_STATUS_REFUSED):.1%}"),
        ("refused, p50 / p95 / p99 (ms)", _spread(run.flood.of(_STATUS_REFUSED))),
        ("without an answer", f"{unanswered / max(1, len(run.flood.outcomes)):.1%}"),
        (
            "the other organisation's served, of how many",
            f"{run.others.share(_STATUS_SERVED):.1%}, {len(run.others.outcomes)}",
        ),
        ("theirs, p50 / p95 / p99 (ms)", _spread(run.others.of(_STATUS_SERVED))),
        ("memory, first / last / most (MiB)", f"{run.memory[0]:.0f} / {run.memory[-1]:.0f} / {max(run.memory):.0f}"),
        ("as before after (s)", f"{run.recovery:.1f}"),
        ("cores that the sender took", f"{run.sender_cores:.2f}"),
    )
    for name, value in rows:
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
