"""Those who wait for one organisation's provider take no place from anybody else, however many connections it has."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from anyio.from_thread import start_blocking_portal

from totrinn.web.hash_queue import TooBusy
from totrinn.web.outside_threads import FOR_ONE_ORGANISATION, MOST_ORGANISATIONS, THREADS, OutsideThreads


def _run(crowd: Callable[[], Awaitable[None]]) -> None:
    """In a thread of its own, since a browser's tests may have left a loop running in this one."""
    with start_blocking_portal() as portal:
        portal.call(crowd)


async def _hold(threads: OutsideThreads, organisation: str, until: asyncio.Event) -> None:
    async with threads.place(organisation):
        await until.wait()


@pytest.mark.row("R52", "R89", "R94")
def test_an_organisation_has_a_few_places_and_the_others_have_theirs() -> None:
    """While one has its fill, and many more wait, another one gets in at once."""

    async def crowd() -> None:
        threads, until = OutsideThreads(), asyncio.Event()
        waiting = [asyncio.create_task(_hold(threads, "slow", until)) for _ in range(FOR_ONE_ORGANISATION + 20)]
        await asyncio.sleep(0)
        async with asyncio.timeout(2), threads.place("quick"):
            pass
        until.set()
        await asyncio.gather(*waiting)

    _run(crowd)


@pytest.mark.row("R52", "R89")
def test_more_organisations_than_there_is_room_for_are_told_so() -> None:
    """Rather than be remembered without end."""

    async def crowd() -> None:
        threads, until = OutsideThreads(), asyncio.Event()
        names = [f"organisation {number}" for number in range(MOST_ORGANISATIONS)]
        waiting = [asyncio.create_task(_hold(threads, name, until)) for name in names]
        await asyncio.sleep(0)
        with pytest.raises(TooBusy):
            async with threads.place("one more"):
                pass
        until.set()
        await asyncio.gather(*waiting, return_exceptions=True)
        async with threads.place("one more"):
            pass

    _run(crowd)


def test_one_organisation_has_a_small_share_of_all() -> None:
    """It takes many that hang at once before anybody else waits."""
    assert FOR_ONE_ORGANISATION * 10 <= THREADS
