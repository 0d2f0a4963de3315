"""A flood of sign-ins at one organisation, on a running server: the others get in, and it is over when it is over."""

import asyncio
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from bench import offering
from bench.browsing import Browser, Person
from bench.furnishing import furnish_several
from bench.journeys import TOTRINN
from bench.offering import Asked
from tests.cli.test_serving import free_port, serving
from totrinn.serving.running import listening, serving_meanwhile
from totrinn.web.hash_queue import Gone, HashQueue, Waiter
from totrinn.web.routing import left

_AT_ONCE = 120
"""More than there are places for in the queues of all processes that are started here."""
_TIMES = 4


def _let_in(port: int, people: dict[str, list[Person]]) -> None:
    browser = Browser(port)
    steps = list(TOTRINN.values())
    for slug, persons in people.items():
        for person in persons:
            for step in steps if slug == "live" else steps[:1]:
                step(browser, person)
    browser.close()


async def _insist(port: int, asked: Iterator[Asked], enough: asyncio.Event) -> list[int]:
    """Asks again and again, whatever the answer."""
    statuses = []
    while not enough.is_set():
        statuses += await _ask(port, asked, 1)
        await asyncio.sleep(0.3)
    return statuses


async def _ask(port: int, asked: Iterator[Asked], times: int) -> list[int]:
    return [(await offering.ask(port, next(asked), time.perf_counter())).status for _ in range(times)]


@pytest.mark.row("R52")
def test_a_flood_at_one_organisation_keeps_no_other_out(tmp_path: Path) -> None:
    """Another organisation's people sign in meanwhile, live sessions have their pages, and afterwards all is free."""
    people = furnish_several(tmp_path, {"flooded": 30, "other": 20, "live": 2})

    async def crowd(port: int) -> tuple[list[int], list[int], list[int]]:
        flood = itertools.cycle(
            [offering.sign_in(port, each, f"127.0.1.{at + 1}") for at, each in enumerate(people["flooded"])]
        )
        others = itertools.cycle([offering.sign_in(port, each, "127.0.2.1") for each in people["other"]])
        pages = itertools.cycle([offering.page(port, each, "127.0.3.1") for each in people["live"]])
        enough = asyncio.Event()
        flooding = [asyncio.create_task(_insist(port, flood, enough)) for _ in range(_AT_ONCE)]
        await asyncio.sleep(0.5)
        served, shown = await asyncio.gather(_ask(port, others, _TIMES), _ask(port, pages, _TIMES))
        enough.set()
        flooded = [status for task in flooding for status in await task]
        return flooded, served + await _ask(port, flood, 3), shown

    with serving(tmp_path) as server:
        _let_in(server.port, people)
        with start_blocking_portal() as portal:
            flood, served, shown = portal.call(crowd, server.port)
    assert {303, 503} == set(flood)
    assert set(served) == {303}
    assert set(shown) == {200}


def _until(condition: Callable[[], bool]) -> None:
    last = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < last
        time.sleep(0.01)


def test_whoever_closes_the_browser_gives_up_the_place() -> None:
    """The server hears of it while they wait, and nothing is hashed for nobody."""
    queue, left_early = HashQueue(0), list[bool]()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await request.body()
        try:
            async with queue.place(Waiter(gone=lambda: left(request))):
                pass
        except Gone:
            left_early.append(True)

    port = free_port()
    with listening("127.0.0.1", port) as listener, serving_meanwhile(application, listener):
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        for client in clients:
            client.sendall(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\nxx")
        _until(lambda: len(queue._line) == 5)
        for client in clients[:4]:
            client.close()
        _until(lambda: len(left_early) == 4)
        assert len(queue._line) == 1
        clients[4].close()
        _until(lambda: len(left_early) == 5)
