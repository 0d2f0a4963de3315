"""When every thread waits for the database, those who come are told so; and a sign-in has threads of its own."""

import asyncio
import threading

import pytest
from anyio import to_thread
from anyio.from_thread import start_blocking_portal
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message

from tests.web.house import House
from totrinn.web import routing
from totrinn.web.application import create
from totrinn.web.ask import Ask
from totrinn.web.demands import ANYONE
from totrinn.web.routing import Page


async def _status(application: ASGIApp, method: str, path: str) -> int:
    body = b"password=x" if method == "POST" else b""
    headers = [(b"content-type", b"application/x-www-form-urlencoded")] if body else []
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    await application({**scope, "root_path": "", "client": ("192.0.2.7", 1)}, receive, send)
    return int(sent[0]["status"])


@pytest.mark.row("R94")
def test_no_more_wait_for_a_thread_than_a_bound_and_passwords_do_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is served, three wait, all others are told to come back; a form with a password is answered meanwhile."""
    monkeypatch.setattr(routing, "MOST_WAITING_FOR_THREADS", 3)
    released = threading.Event()

    def slow(_: Ask) -> Response:
        assert released.wait(20)
        return PlainTextResponse("at last")

    def quick(_: Ask) -> Response:
        return PlainTextResponse("looked at")

    extra = (Page("/slow", ANYONE, get=slow), Page("/quick", ANYONE, post=quick, hashes=True))
    application = create(house.services, house.settings, extra=extra)

    async def crowd() -> None:
        to_thread.current_default_thread_limiter().total_tokens = 1
        slow_ones = [asyncio.create_task(_status(application, "GET", "/slow")) for _ in range(4)]
        await asyncio.sleep(0.1)
        refused = [await _status(application, "GET", "/slow") for _ in range(5)]
        looked_at = await _status(application, "POST", "/quick")
        released.set()
        served = await asyncio.gather(*slow_ones)
        assert (refused, looked_at, served) == ([503] * 5, 403, [200] * 4)
        assert await _status(application, "GET", "/slow") == 200

    with start_blocking_portal() as portal:
        portal.call(crowd)
