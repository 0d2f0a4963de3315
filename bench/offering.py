"""An open loop of requests: each is sent at its time, whether or not those before it have been answered.

Every sender has a network address of its own (127.x.y.z), so that the server can tell one from another.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.browsing import HEADERS, Person
from bench.hashing import PASSWORD
from bench.servers import HOST

_SECONDS = 30.0
_LARGEST_HEAD = 256 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one request: its status (0: no answer), and seconds from the time at which it was due."""

    due: float
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, ready to send, and the address that it comes from."""

    address: str
    sent: bytes


def sign_in(port: int, person: Person, address: str) -> Asked:
    """Address and password, by a browser that has seen the sign-in page."""
    body = urlencode({"csrf": person.csrf, "email": person.email, "password": PASSWORD}).encode()
    more = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(body)),
        "Origin": f"http://localhost:{port}",
    }
    return Asked(address, _head("POST", "/login", port, person, more) + body)


def page(port: int, person: Person, address: str) -> Asked:
    """The first page, with a live session."""
    return Asked(address, _head("GET", "/", port, person, {}))


def _head(method: str, path: str, port: int, person: Person, more: dict[str, str]) -> bytes:
    headers = {"Host": f"localhost:{port}", **HEADERS, "Cookie": person.cookie_header(), **more, "Connection": "close"}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def ask(port: int, asked: Asked, due: float) -> Outcome:
    """Sends it now."""
    try:
        async with asyncio.timeout(_SECONDS):
            status = await _status(port, asked)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        status = 0
    return Outcome(due, status, time.perf_counter() - due)


async def _status(port: int, asked: Asked) -> int:
    reader, writer = await asyncio.open_connection(HOST, port, limit=_LARGEST_HEAD, local_addr=(asked.address, 0))
    try:
        writer.write(asked.sent)
        status = int((await reader.readuntil(b"\r\n"))[9:12])
        await reader.read(-1)
        return status
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def offer(
    port: int, asked: Iterator[Asked], *, per_second: float, until: float, note: Callable[[Outcome], None]
) -> None:
    """Sends so many a second until that time of the monotonic clock, and waits for the last answers."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[Outcome]] = set()
    due = time.perf_counter()
    while due < until:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = loop.create_task(ask(port, next(asked), due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(lambda done: note(done.result()))
        due += 1 / per_second
    while tasks:
        await asyncio.wait(tasks)


async def closed_loop(port: int, asked: Iterator[Asked], *, at_once: int, until: float) -> list[Outcome]:
    """So many who each ask again when they have been answered."""
    outcomes: list[Outcome] = []

    async def one() -> None:
        while time.perf_counter() < until:
            outcomes.append(await ask(port, next(asked), time.perf_counter()))

    await asyncio.gather(*(one() for _ in range(at_once)))
    return outcomes
