"""What a check of the gate costs, beside a floor: the same server, answering 200 with as many headers, asking nobody.

`python -m bench.gate` takes two minutes; it needs wrk and PostgreSQL. µs of the server's CPU for a check, of all its
processes; what PostgreSQL itself used stands beside it.
"""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.furnishing import created, furnish_several
from bench.hashing import cpu_of_one_hash
from bench.servers import HOST, Server, cpu_of_tree
from tests.postgresql_server import PostgresqlServer
from totrinn.app.applications import registering
from totrinn.app.applications.records import Agreement
from totrinn.app.gate.records import Ticket
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services
from totrinn.app.records import Session
from totrinn.core.events import Source
from totrinn.core.policy import Method, Proof

APP = "app.fjordly.test"
_PASSES = 1000
_CONNECTIONS, _SECONDS, _WARM_SECONDS, _TURNS = 8, 3, 1, 5
_WRITES_A_SECOND = 50
_SCRIPT = """
local passes, at = {{{passes}}}, 0
request = function()
  at = at % #passes + 1
  return wrk.format("GET", "/gate", {{ ["Cookie"] = "totrinn-gate=" .. passes[at], ["X-Forwarded-Host"] = "{app}",
    ["X-Forwarded-Uri"] = "/jobs?id=12", ["X-Forwarded-Method"] = "GET", ["Accept"] = "text/html",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" }})
end
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One arrangement: the median of its turns."""

    what: str
    cpu: float
    in_database: float
    per_second: float
    ratio: float
    """To the floor of the same turn."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is asked in one way."""

    what: str
    server: Server
    script: Path
    database_cpu: Callable[[], float] = lambda: 0.0
    writing: Callable[[], None] | None = None
    """Something to be written all the while."""


def main() -> None:
    """Measures and prints."""
    with TemporaryDirectory(prefix="totrinn-gate-") as name:
        measured = _measure(Path(name))
    one_hash = cpu_of_one_hash()
    print(f"one hash: {one_hash:.1f} ms of CPU")
    for each in measured:
        words = f"{each.cpu:7.0f} µs {each.in_database:7.0f} µs in the database {each.per_second:8.0f} a second"
        print(f"{each.what:<44}{words}  {each.ratio:5.2f} × the floor")


def _measure(folder: Path) -> list[Measured]:
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    with PostgresqlServer.find() as postgresql:
        for workers in (1, 4):
            with _arranged(folder, postgresql, workers) as (floor, arrangements):
                for _ in range(_TURNS):
                    least, _, speed = _turn(floor)
                    found.setdefault(floor.what, []).append((least, 0.0, speed, 1.0))
                    for each in arrangements:
                        cpu, there, speed = _turn(each)
                        found.setdefault(each.what, []).append((cpu, there, speed, cpu / least))
    return [Measured(what, *(median(values) for values in zip(*turns, strict=True))) for what, turns in found.items()]


@contextmanager
def _arranged(
    folder: Path, postgresql: PostgresqlServer, workers: int
) -> Iterator[tuple[Arrangement, list[Arrangement]]]:
    words = f"{workers} worker{'s' if workers > 1 else ''}"
    embedded, remote = folder / f"sqlite-{workers}", folder / f"postgresql-{workers}"
    address = postgresql.url(postgresql.create_database())
    one, many, write = _furnished(embedded, None)
    _, many_there, _ = _furnished(remote, address)
    database_cpu = lambda: cpu_of_tree(postgresql.pid)  # noqa: E731
    with (
        _floor(folder, workers) as floor,
        _serving(embedded, None, workers) as file,
        _serving(remote, address, workers) as plain,
        _serving(remote, f"{address}?prepare_threshold=5", workers) as prepared,
    ):
        yield (
            Arrangement(f"floor, {words}", floor, one),
            [
                Arrangement(f"SQLite, {words}, one pass", file, one),
                Arrangement(f"SQLite, {words}, {_PASSES} passes", file, many),
                Arrangement(f"SQLite, {words}, {_PASSES} passes, writing", file, many, writing=write),
                Arrangement(f"PostgreSQL, {words}, prepared", prepared, many_there, database_cpu),
                Arrangement(f"PostgreSQL, {words}, not prepared", plain, many_there, database_cpu),
            ],
        )


def _floor(folder: Path, workers: int) -> Server:
    command = [sys.executable, "-m", "bench.gate_floor", "{port}", str(workers)]
    return Server(command, ready="/gate", log=folder / "floor.log", bytecode=folder / "bytecode")


def _serving(data: Path, database: str | None, workers: int) -> Server:
    program = Path(sys.executable).with_name("totrinn")
    where = ["--data", str(data), *(["--database", database] if database else [])]
    command = [str(program), "serve", *where, "--port", "{port}", "--workers", str(workers)]
    return Server(command, ready="/login", log=data / "server.log", bytecode=data.parent / "bytecode")


def _furnished(data: Path, database: str | None) -> tuple[Path, Path, Callable[[], None]]:
    """An installation with passes; what asks with one of them, and with all; and something that writes."""
    data.mkdir()
    people = furnish_several(data, {"fjordly": _PASSES}, database)["fjordly"]
    with created(data, database) as installation:
        passes = _passes(installation.services, [person.email for person in people])
    scripts = []
    for name, meant in (("one.lua", passes[:1]), ("many.lua", passes)):
        script = data / name
        words = ", ".join(f'"{token}"' for token in meant)
        script.write_text(_SCRIPT.format(passes=words, app=APP))
        scripts.append(script)

    def write() -> None:
        with created(data, database) as again, again.services.store.writing() as unit:
            unit.installation.write("bench", datetime.now(UTC).isoformat())

    return scripts[0], scripts[1], write


def _passes(services: Services, emails: list[str]) -> list[str]:
    """Sessions by password and code, and a pass for each."""
    now = datetime.now(UTC)
    registrar = registering.Registrar(Visitor(now, "", ""), Source("operator:bench"))
    registered = registering.register(services, registrar, Agreement(name="Jobadmin", hosts=(APP,)))
    if not isinstance(registered, registering.Registered):
        raise TypeError(registered)
    tokens = [services.random.token() for _ in emails]
    with services.store.writing() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
        for email, token in zip(emails, tokens, strict=True):
            person = unit.people.find_by_email(email)
            if person is None or organisation is None:
                raise LookupError(email)
            session = Session(
                id=services.random.id(now),
                person_id=person.id,
                organisation_id=organisation.id,
                person_version=person.version,
                proof=Proof(Method.PASSWORD, now, factor_at=now),
                amr=("pwd", "otp", "mfa"),
                pending=None,
                created_at=now,
                last_seen=now,
                browser="",
                address="",
            )
            unit.sessions.add(services.digest(services.random.token()), session)
            ticket = Ticket(APP, registered.application.id, b"", "/", session.id, now)
            unit.passes.add(services.digest(token), ticket, now)
    return tokens


def _turn(asked: Arrangement) -> tuple[float, float, float]:
    """CPU of the server and of the database for one check, in µs, and how many checks there were in a second."""
    _wrk(asked, _WARM_SECONDS)
    with _written_to(asked.writing) if asked.writing else nullcontext():
        before, there = asked.server.cpu(), asked.database_cpu()
        text = _wrk(asked, _SECONDS)
        cpu, in_database = asked.server.cpu() - before, asked.database_cpu() - there
    found = re.search(r"(\d+) requests in", text)
    if found is None or "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(text)
    count = int(found[1])
    return cpu / count * 1e6, in_database / count * 1e6, count / _SECONDS


@contextmanager
def _written_to(write: Callable[[], None]) -> Iterator[None]:
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(1 / _WRITES_A_SECOND):
            write()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _wrk(asked: Arrangement, seconds: int) -> str:
    address = f"http://{HOST}:{asked.server.port}"
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "-s", str(asked.script), address]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout


if __name__ == "__main__":
    main()
