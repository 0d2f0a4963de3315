"""Measurements of one running server."""

import re
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.browsing import Browser, Person, Unexpected
from bench.hashing import cpu_of_one_hash
from bench.journeys import PASSWORD_STEP, Journey, Step
from bench.servers import HOST, Server

_CONNECTIONS = 8
_WRK_SECONDS = 3
_WARM_SECONDS = 1
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one request: milliseconds of the server's CPU, and the median wait of the one who asks."""

    cpu: float
    wait: float


@dataclass(frozen=True, slots=True)
class Load:
    """Of one request among many at once: µs of the server's CPU, and the ms that all but 1 % wait at most."""

    cpu: float
    p99: float
    per_second: float


def journey_costs(
    server: Server, journey: Journey, warm: Sequence[Person], each: Sequence[Person]
) -> tuple[dict[str, Cost], float]:
    """What each step costs, and one hash by itself, measured right before and right after the step that has it.

    Everybody takes the first step, then everybody the second, and so on.
    """
    browser = Browser(server.port)
    for person in warm:
        for step in journey.values():
            step(browser, person)
    costs, hashes = {}, []
    for name, step in journey.items():
        if name == PASSWORD_STEP:
            hashes.append(cpu_of_one_hash())
        costs[name] = step_cost(server, browser, step, each)
        if name == PASSWORD_STEP:
            hashes.append(cpu_of_one_hash())
    browser.close()
    return costs, sum(hashes) / len(hashes)


def step_cost(server: Server, browser: Browser, step: Step, persons: Iterable[Person]) -> Cost:
    """What one step costs, on average over these persons."""
    waits = []
    before = server.cpu()
    for person in persons:
        began = time.perf_counter()
        step(browser, person)
        waits.append(time.perf_counter() - began)
    cpu = (server.cpu() - before) / len(waits)
    return Cost(cpu * 1000, sorted(waits)[len(waits) // 2] * 1000)


def all_at_once(server: Server, journey: Journey, persons: Sequence[Person]) -> None:
    """Everybody signs in at the same time: what the server holds at most shows afterwards."""
    gate = threading.Barrier(len(persons))

    def sign_in(person: Person) -> None:
        browser = Browser(server.port)
        gate.wait(timeout=10)
        for step in journey.values():
            step(browser, person)
        browser.close()

    with ThreadPoolExecutor(len(persons)) as threads:
        list(threads.map(sign_in, persons))


def load(server: Server, path: str, person: Person) -> Load:
    """Asks for a page as often as the server answers, over a few connections, by wrk."""
    _wrk(server, path, person, _WARM_SECONDS)
    before = server.cpu()
    text = _wrk(server, path, person, _WRK_SECONDS)
    cpu = server.cpu() - before
    found = re.search(r"(\d+) requests in", text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", text)
    if found is None or p99 is None or "Non-2xx" in text or "Socket errors" in text:
        raise Unexpected(text)
    count = int(found[1])
    return Load(cpu / count * 1e6, float(p99[1]) * _UNITS[p99[2]], count / _WRK_SECONDS)


def _wrk(server: Server, path: str, person: Person, seconds: int) -> str:
    cookies = f"Cookie: {person.cookie_header()}"
    address = f"http://{HOST}:{server.port}{path}"
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--latency", "-H", cookies, address]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
