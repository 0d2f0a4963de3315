"""A flood of sign-ins at one organisation, on a running server: the others get in, and it is over when it is over."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from bench import offering
from bench.browsing import Browser, Person
from bench.furnishing import furnish_several
from bench.journeys import TOTRINN
from bench.offering import Asked
from tests.cli.test_serving import serving

_AT_ONCE = 120
"""More than there are places for in the queues of all processes that are started here."""
_SECONDS = 3.0


def _let_in(port: int, people: dict[str, list[Person]]) -> None:
    browser = Browser(port)
    steps = list(TOTRINN.values())
    for slug, persons in people.items():
        for person in persons:
            for step in steps if slug == "live" else steps[:1]:
                step(browser, person)
    browser.close()


async def _insist(port: int, asked: Iterator[Asked], until: float) -> list[int]:
    """Asks again and again, whatever the answer."""
    statuses = []
    while time.perf_counter() < until:
        statuses.append((await offering.ask(port, next(asked), time.perf_counter())).status)
        await asyncio.sleep(0.3)
    return statuses


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
        until = time.perf_counter() + _SECONDS
        flooding = [asyncio.create_task(_insist(port, flood, until)) for _ in range(_AT_ONCE)]
        served, shown = await asyncio.gather(_insist(port, others, until), _insist(port, pages, until))
        refused = [status for task in flooding for status in await task]
        began = time.perf_counter()
        afterwards = [await offering.ask(port, next(flood), began) for _ in range(3)]
        return refused, served + [outcome.status for outcome in afterwards], shown

    with serving(tmp_path) as server:
        _let_in(server.port, people)
        with start_blocking_portal() as portal:
            flood, served, shown = portal.call(crowd, server.port)
    assert {303, 503} == set(flood)
    assert set(served) == {303}
    assert set(shown) == {200}
    assert min(len(served), len(shown)) > 3
