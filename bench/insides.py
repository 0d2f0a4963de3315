"""Where the time of each request goes, seen from inside: `python -m bench.insides`.

The application is called within this process, without a server and without the hash, while some functions are wrapped
by clocks. What a clock shows is the CPU time of its own part, less the parts that have clocks of their own. The
clocks cost something themselves, and everything is warm: the shares count here, not the sums.
"""

import asyncio
import gc
import io
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from http.client import HTTPMessage, parse_headers
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from jinja2 import Template

from bench.browsing import HEADERS, Answer, Browser, Person, keep_cookies
from bench.furnishing import furnish
from bench.journeys import TOTRINN
from totrinn.bootstrap import application, serve_installation
from totrinn.config import read_settings
from totrinn.crypto.passwords import Argon2Passwords
from totrinn.storage.prepared import SqliteConnection
from totrinn.storage.unit_of_work import Transaction
from totrinn.web.routing import Desk

_WARM, _COUNT = 40, 200
_PARTS: dict[str, tuple[Any, str]] = {
    "admission, use cases, forms": (Desk, "_answer"),
    "pages out of templates": (Template, "render"),
    "statements": (SqliteConnection, "execute"),
    "commit": (SqliteConnection, "commit"),
    "beginning transactions": (Transaction, "__enter__"),
    "ending transactions": (Transaction, "__exit__"),
}
_REST = "Starlette, headers, cookies"


class Clocks:
    """Nanoseconds and calls by part; a part's time does not run while a part within it runs."""

    def __init__(self) -> None:
        self.spent: dict[str, int] = {}
        self.calls: dict[str, int] = {}
        self._running: list[str] = []
        self._since = 0

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed as this part."""

        @wraps(function)
        def wrapper(*arguments: Any, **named: Any) -> Any:
            self.enter(part)
            try:
                return function(*arguments, **named)
            finally:
                self.leave()

        return wrapper

    def enter(self, part: str) -> None:
        """Begins a part, within the one that runs."""
        self._note()
        self._running.append(part)
        self.calls[part] = self.calls.get(part, 0) + 1

    def leave(self) -> None:
        """Ends the part that runs."""
        self._note()
        self._running.pop()

    def _note(self) -> None:
        now = time.thread_time_ns()
        if self._running:
            part = self._running[-1]
            self.spent[part] = self.spent.get(part, 0) + now - self._since
        self._since = now


class Insider(Browser):
    """A browser whose requests reach the application without a server."""

    def __init__(self, served: Any, loop: asyncio.AbstractEventLoop, clocks: Clocks) -> None:
        super().__init__(8700)
        self._served, self._loop, self._clocks = served, loop, clocks

    def _ask(self, method: str, person: Person, path: str, body: bytes | None, more: dict[str, str]) -> Answer:
        sent = {"Host": "localhost:8700", **HEADERS, **more, "Content-Length": str(len(body or b""))}
        if person.cookies:
            sent["Cookie"] = person.cookie_header()
        self._clocks.enter(_REST)
        messages = self._loop.run_until_complete(_called(self._served, _scope(method, path, sent), body or b""))
        self._clocks.leave()
        headers = _parsed(messages[0]["headers"])
        keep_cookies(person.cookies, headers)
        content = b"".join(message.get("body", b"") for message in messages[1:])
        return Answer(messages[0]["status"], headers.get("Location", ""), content)


def _scope(method: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8700),
    }


async def _called(served: Any, scope: dict[str, Any], body: bytes) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await served(scope, receive, send)
    return messages


def _parsed(headers: list[tuple[bytes, bytes]]) -> HTTPMessage:
    lines = b"".join(b"%s: %s\r\n" % pair for pair in headers)
    return parse_headers(io.BytesIO(lines + b"\r\n"))


@contextmanager
def _clocked(clocks: Clocks) -> Iterator[None]:
    async def here(function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    with ExitStack() as stack:
        stack.enter_context(patch("totrinn.web.routing.run_in_threadpool", here))
        stack.enter_context(patch.object(Argon2Passwords, "verify", return_value=True))
        for part, (owner, name) in _PARTS.items():
            stack.enter_context(patch.object(owner, name, clocks.timed(part, getattr(owner, name))))
        yield


def main() -> None:
    """Prints a table: microseconds (calls) of each part in each request."""
    clocks = Clocks()
    with TemporaryDirectory(prefix="totrinn-bench-") as name:
        persons, _ = furnish(Path(name), _WARM + _COUNT)
        with serve_installation(read_settings({}, data=Path(name))) as installation, _clocked(clocks):
            loop = asyncio.new_event_loop()
            browser = Insider(application(installation), loop, clocks)
            gc.freeze()  # as the server does
            columns = _columns(browser, clocks, persons)
            loop.close()
    print("| µs of CPU (calls) |", " | ".join(TOTRINN), "|")
    print("| --- |", " | ".join("---" for _ in TOTRINN), "|")
    for part in (_REST, *_PARTS):
        print(f"| {part} |", " | ".join(column.get(part, "") for column in columns), "|")


def _columns(browser: Browser, clocks: Clocks, persons: list[Person]) -> list[dict[str, str]]:
    for person in persons[:_WARM]:
        for step in TOTRINN.values():
            step(browser, person)
    columns = []
    for step in TOTRINN.values():
        clocks.spent.clear()
        clocks.calls.clear()
        for person in persons[_WARM:]:
            step(browser, person)
        columns.append(
            {
                part: f"{spent / _COUNT / 1000:.0f} ({clocks.calls[part] / _COUNT:g})"
                for part, spent in clocks.spent.items()
            }
        )
    return columns


if __name__ == "__main__":
    main()
