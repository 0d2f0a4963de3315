"""What pages and sign-ins cost among a great many people, beside the same among a thousand.

`python -m bench.scale --persons 1000000 --database postgresql` fills both sizes, which takes minutes, serves both, and
asks them in turns. `--keep DIR` keeps what was filled for the next time (SQLite).
"""

import argparse
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from bench.asking import QUESTIONS, Question, prove, sign_in
from bench.browsing import Browser, Person
from bench.crowd import EVERYBODY, Crowd, Size
from bench.filling import fill
from bench.furnishing import add_person, created
from bench.hashing import cpu_of_one_hash, hashed
from bench.servers import Server, cpu_of_tree
from tests.postgresql_server import PostgresqlServer
from totrinn.bootstrap import Installation
from totrinn.core.roles import Role
from totrinn.serving.housekeeping import delete_expired, seal

SMALL = Size(1000, 10)
_PERSONS_IN_AN_ORGANISATION = 100
_SIGNERS = 240
_TURNS, _AT_ONCE, _WARM = 6, 5, 3
_SIGN_INS_AT_ONCE = 10


@dataclass(slots=True)
class Served:
    """One size, served, and who asks."""

    crowd: Crowd
    place: tuple[Path, str | None]
    """The folder, and the database's address unless it is in there."""
    server: Server
    database_cpu: Callable[[], float]
    administrator: Person
    staff: Person
    signers: list[Person]
    browser: Browser
    waits: list[float] = field(default_factory=list)
    cpu: float = 0.0
    in_database: float = 0.0

    def ask(self, number: int, act: Callable[[], object]) -> None:
        """Does so often, and notes what it took."""
        before, there = self.server.cpu(), self.database_cpu()
        for _ in range(number):
            began = time.perf_counter()
            act()
            self.waits.append(time.perf_counter() - began)
        self.cpu += self.server.cpu() - before
        self.in_database += self.database_cpu() - there

    def taken(self) -> str:
        """The cells of what was noted, which is forgotten."""
        waits, count = sorted(self.waits), len(self.waits)
        cells = (
            self.cpu / count * 1000, self.in_database / count * 1000, statistics.median(waits) * 1000,
            waits[min(count - 1, count * 99 // 100)] * 1000,
        )  # fmt: skip
        self.waits, self.cpu, self.in_database = [], 0.0, 0.0
        return " | ".join(f"{cell:.1f}" for cell in cells)


def main() -> None:
    """Fills, serves, asks, and prints a table."""
    signal.signal(signal.SIGTERM, _stop)
    asked = _asked()
    large = Size(asked.persons, max(10, asked.persons // _PERSONS_IN_AN_ORGANISATION))
    with ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(TemporaryDirectory(prefix="totrinn-scale-")))
        postgresql = stack.enter_context(PostgresqlServer.find()) if asked.database == "postgresql" else None
        both = [
            stack.enter_context(_served(Crowd(size), folder / f"{asked.database}-{size.persons}", postgresql))
            for size in (SMALL, large)
        ]
        # First, while the servers' own rounds have not done it.
        for served in both:
            _measure_housekeeping(served)
        print(f"| {asked.database} | {SMALL.persons}: CPU | in database | median | p99 "
              f"| {large.persons}: CPU | in database | median | p99 |")  # fmt: skip
        print("|---" * 9 + "|")
        for name, question in QUESTIONS.items():
            _measure(both, name, question)
        _measure_sign_ins(both)


def _measure_sign_ins(both: list[Served]) -> None:
    spent = []
    for served in both:
        sign_in(served.browser, served.signers.pop())
    while both[0].signers:
        for served in both:
            people = iter([served.signers.pop() for _ in range(_SIGN_INS_AT_ONCE)])
            served.ask(_SIGN_INS_AT_ONCE, partial(_sign_in_next, served.browser, people))
        spent.append(cpu_of_one_hash())
    print("| full sign-in |", " | ".join(served.taken() for served in both), "|")
    print(f"| one hash by itself | {statistics.median(spent):.1f} | | | | | | | |", flush=True)


def _sign_in_next(browser: Browser, people: Iterator[Person]) -> None:
    sign_in(browser, next(people))


def _measure(both: list[Served], name: str, question: Question) -> None:
    for turn in range(_TURNS + 1):
        for served in both:
            person = served.staff if question.is_for_staff else served.administrator
            act = question.prepared(served.browser, person, served.crowd)
            served.ask(_AT_ONCE if turn else _WARM, act)
            if not turn:
                served.taken()
    print(f"| {name} |", " | ".join(served.taken() for served in both), "|", flush=True)


def _measure_housekeeping(served: Served) -> None:
    """Both works of a round with much to do, while somebody asks without pause for a page that writes nothing."""
    for work in (delete_expired, seal):
        done = threading.Event()
        waits: list[float] = []

        def ask(done: threading.Event = done, waits: list[float] = waits) -> None:
            browser = Browser(served.server.port)
            while not done.is_set():
                began = time.perf_counter()
                browser.post(served.administrator, "/login", csrf="x", email="nobody@example.no", password="x")
                waits.append(time.perf_counter() - began)

        thread = threading.Thread(target=ask)
        with created(*served.place) as installation:
            thread.start()
            began, cpu = time.perf_counter(), time.process_time()
            count = work(installation, datetime.now(UTC))
            took, cpu = time.perf_counter() - began, time.process_time() - cpu
            done.set()
            thread.join()
        longest = max(waits, default=0) * 1000
        print(f"{served.crowd.size.persons} persons, {work.__name__}: {count} rows, {took:.1f} s, CPU {cpu:.1f} s; "
              f"others wait at most {longest:.0f} ms", flush=True)  # fmt: skip


@contextmanager
def _served(crowd: Crowd, data: Path, postgresql: PostgresqlServer | None) -> Iterator[Served]:
    address = None
    is_new = not data.is_dir()
    data.mkdir(parents=True, exist_ok=True)
    if postgresql is not None:
        address = postgresql.url(postgresql.create_database())
    with created(data, address) as installation:
        if is_new:
            began = time.perf_counter()
            fill(installation.settings.database, crowd)
            print(f"{crowd.size.persons} persons filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        administrator, staff, signers = _add_those_who_ask(installation)
    program = Path(sys.executable).with_name("totrinn")
    command = [str(program), "serve", "--data", str(data), "--port", "{port}"]
    if address is not None:
        command += ["--database", address]
    with Server(command, ready="/login", log=data / "server.log", bytecode=data / "bytecode") as server:
        browser = Browser(server.port)
        sign_in(browser, administrator)
        prove(browser, staff)
        database_cpu = (lambda: 0.0) if postgresql is None else (lambda: cpu_of_tree(postgresql.pid))
        yield Served(crowd, (data, address), server, database_cpu, administrator, staff, signers, browser)
        browser.close()


def _add_those_who_ask(installation: Installation) -> tuple[Person, Person, list[Person]]:
    services, now = installation.services, datetime.now(UTC)
    encoded, run = hashed().decode(), services.random.id(now)[-6:]
    with services.store.writing() as unit:
        everybody, vendor = (unit.organisations.find_by_slug(slug) for slug in (EVERYBODY, "vendor"))
        if everybody is None or vendor is None:
            raise LookupError(EVERYBODY)
        role = Role.GLOBAL_ADMINISTRATOR
        administrator = add_person(services, unit, everybody, f"styrer{run}@alle.example", role, encoded, now)
        staff = add_person(services, unit, vendor, f"hjelper{run}@vendor.example", Role.VENDOR, encoded, now)
        signers = [
            add_person(services, unit, everybody, f"bruker{run}{at}@alle.example", Role.USER, encoded, now)
            for at in range(_SIGNERS + 1)
        ]
    return administrator, staff, signers


def _stop(_number: int, _frame: object) -> NoReturn:
    """Every server is stopped on the way out."""
    raise SystemExit(143)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--persons", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--keep", type=Path, metavar="DIR")
    return parser.parse_args()


if __name__ == "__main__":
    main()
