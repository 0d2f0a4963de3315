"""What surrounds a request: ids taken over from trusted proxies only, and counts that strangers cannot swell."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from totrinn.app.landing import Visitor
from totrinn.bootstrap import application, create_installation, serve_installation
from totrinn.config import read_settings
from totrinn.core.events import Source
from totrinn.metrics.counting import Counts
from totrinn.serving.request_log import RequestLog

VISITOR = Visitor(datetime.now(UTC), "", "")
GIVEN = "proxy-0123456789"


class Asked:
    """An application to ask without a server, and what it counted."""

    def __init__(self, surrounded: RequestLog, registry: CollectorRegistry) -> None:
        self.surrounded = surrounded
        self.registry = registry

    def ask(self, path: str, method: str = "GET", *, peer: str = "192.0.2.9", **headers: str) -> dict[str, str]:
        """The headers of the answer."""
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": (peer, 1),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        answered: dict[str, str] = {}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            for name, value in message.get("headers", []):
                answered[name.decode()] = value.decode()

        thread = threading.Thread(target=lambda: asyncio.run(self.surrounded(scope, receive, send)))
        thread.start()
        thread.join()
        return answered

    def series(self) -> int:
        """How many series there are."""
        return sum(len(family.samples) for family in self.registry.collect())


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """An installation with nobody in it, counted and logged."""
    settings = read_settings({}, data=Path(tmp_path_factory.mktemp("data")))
    with create_installation(settings, VISITOR, Source("operator:test")):
        pass
    registry = CollectorRegistry()
    with serve_installation(settings, Counts(registry)) as installation:
        surrounded = RequestLog(
            application(installation),
            observer=installation.services.observer,
            is_ending=lambda: False,
            trusted=(ip_network("10.0.0.0/8"),),
            is_written=True,
        )
        yield Asked(surrounded, registry)


def test_an_id_is_taken_over_from_a_trusted_proxy(asked: Asked) -> None:
    """So that one id runs through all logs."""
    assert asked.ask("/health/live", peer="10.1.2.3", x_request_id=GIVEN)["x-request-id"] == GIVEN


@pytest.mark.parametrize("given", ["short", "x" * 65, 'a"b{c}d-12345', "line%0abreak-1 2", "bokstavæøå-123"])
def test_an_id_that_is_not_plain_is_not_taken_over(asked: Asked, given: str) -> None:
    """Whoever gave it: it would stand in every line."""
    made = asked.ask("/health/live", peer="10.1.2.3", x_request_id=given)["x-request-id"]
    assert len(made) == 16
    assert made != given


def test_a_stranger_s_id_is_not_taken_over(asked: Asked) -> None:
    """Nobody outside chooses under which id their requests are found."""
    assert asked.ask("/health/live", x_request_id=GIVEN)["x-request-id"] != GIVEN


@pytest.mark.row("R95")
def test_a_line_names_the_route_and_nobody(asked: Asked, caplog: pytest.LogCaptureFixture) -> None:
    """No path, no query, no address, no browser."""
    with caplog.at_level(logging.INFO, "totrinn.requests"):
        asked.ask("/setup/a-token-that-opens-something", user_agent="Firefox")
    [line] = [record for record in caplog.records if record.name == "totrinn.requests"]
    told = {name: line.__dict__[name] for name in ("method", "route", "status")}
    assert told == {"method": "GET", "route": "/setup/{token}", "status": 410}
    assert "a-token" not in str(line.__dict__)
    assert "192.0.2.9" not in str(line.__dict__)
    assert "Firefox" not in str(line.__dict__)


def test_strangers_cannot_swell_the_series(asked: Asked) -> None:
    """A thousand odd paths and methods are no more than a handful."""
    odd = ("GET", "POST", "DELETE", "BREW", "PROPFIND", "get")
    roots = ("/", "/static/", "/setup/", "/login/", "/members/", "/sso/")
    for method in odd:
        for root in roots:
            asked.ask(f"{root}first", method)
    before = asked.series()
    for number in range(500):
        asked.ask(f"{roots[number % len(roots)]}{number}-ø{{}}\"'", odd[number % len(odd)])
        asked.ask(f"/{number}", f"METHOD{number}")
    assert asked.series() <= before + 20
    assert "METHOD" not in str([sample.labels for family in asked.registry.collect() for sample in family.samples])
