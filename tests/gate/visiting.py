"""Browsers that visit hosts behind the gate, without a proxy: what it would ask and hand on is sent as it would be."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import httpx2

from tests.attacks.house import OPERATOR, Browser, House
from totrinn.app import operating
from totrinn.app.applications import registering
from totrinn.app.applications.records import Agreement, Application
from totrinn.app.applications.registering import Registered, Registrar

PAGE = {"accept": "text/html,application/xhtml+xml", "sec-fetch-mode": "navigate"}
_PATIENCE_SECONDS = 30
CALL = {"accept": "application/json", "sec-fetch-mode": "cors"}


def registrar(house: House) -> Registrar:
    """The operator, now."""
    return Registrar(house.visitor(), OPERATOR)


def prepare(house: House) -> None:
    """The vendor, in whose log applications stand, and a customer."""
    operating.create_organisation(
        house.services, house.visitor(), OPERATOR, name="Totrinn", slug=operating.VENDOR_SLUG, is_vendor=True
    )
    house.organisation("fjordly")


def protect(house: House, *hosts: str, name: str = "Jobadmin") -> Application:
    """Registers an application that stands behind the gate under these hosts."""
    registered = registering.register(house.services, registrar(house), Agreement(name=name, hosts=hosts))
    assert isinstance(registered, Registered)
    return registered.application


@dataclass
class Visit:
    """One browser on one protected host, with the cookies that it keeps for that host; `home` is where it signs in."""

    home: Browser
    host: str
    cookies: dict[str, str] = field(default_factory=dict)
    secret: str = ""

    def check(self, uri: str = "/", headers: Mapping[str, str] = PAGE, *, query: str = "") -> httpx2.Response:
        """What the proxy asks at a request for this address."""
        sent = {"x-forwarded-host": self.host, "x-forwarded-uri": uri, "x-forwarded-method": "GET", **headers}
        if self.secret:
            sent["x-totrinn-gate-secret"] = self.secret
        return self._kept(
            httpx2.get(f"{self.home.house.address}/gate{query}", headers=_encoded({**sent, **self._cookie()}))
        )

    def status(self) -> int:
        """The status of a check."""
        return self.check(headers=CALL).status_code

    def set_out(self, uri: str = "/") -> str:
        """Opens a page after the browser has lost its pass; where it is sent."""
        self.cookies.pop("totrinn-gate", None)
        answer = self.check(uri, query="?redirect")
        assert answer.status_code == 303, answer.text
        return path_of(answer.headers["location"])

    def callback(self, location: str) -> httpx2.Response:
        """Follows the way back to the protected host."""
        headers = {"host": self.host, **self._cookie()}
        return self._kept(httpx2.get(self.home.house.address + path_of(location), headers=headers))

    def ticket(self, uri: str = "/") -> str:
        """Sets out and comes as far as a ticket: the address on the protected host that carries it."""
        answer = self.home.get(self.set_out(uri))
        assert answer.status_code == 303, answer.text
        location: str = answer.headers["location"]
        assert urlsplit(location).netloc == self.host
        return location

    def enter(self, uri: str = "/") -> httpx2.Response:
        """All the way, for somebody who is signed in on our own host."""
        return self.callback(self.ticket(uri))

    def _cookie(self) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def _kept(self, answer: httpx2.Response) -> httpx2.Response:
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return answer


def _encoded(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """As proxies hand on what they got: bytes."""
    return {name.encode(): value.encode() for name, value in headers.items()}


def path_of(location: str) -> str:
    """Path and query."""
    url = urlsplit(location)
    return f"{url.path}?{url.query}" if url.query else url.path


def query_of(location: str) -> dict[str, str]:
    """The query, by name."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def until(holds: Callable[[], bool]) -> None:
    """Waits until it holds. Raises `AssertionError` when that takes too long."""
    last = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < last, "it does not hold"
        time.sleep(0.02)
