"""The example of an application: whom it lets in, when it lets go, and what it does not believe."""

import importlib.util
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.clients.serving import asgi, free_port
from tests.demo.visiting import Visit
from totrinn.demo.browser import Browser, Form

FILE = Path(__file__).parents[2] / "examples" / "jobadmin-oidc" / "jobadmin.py"
_PATIENCE_SECONDS = 30
EVENTS: dict[str, object] = {"http://schemas.openid.net/event/backchannel-logout": {}}


@pytest.fixture(scope="module")
def address(visit: Visit) -> str:
    """Where the demonstration says that it is."""
    line = next(line for line in visit.said.splitlines() if line.startswith("Jobadmin  "))
    return line.split()[1]


@pytest.fixture
def browser(visit: Visit, address: str) -> Browser:
    """One that has never been here, and that finds Jobadmin, too."""
    return Browser(visit.base_url, visit.port, beside={address: int(address.rpartition(":")[2])})


@pytest.fixture
def berit(visit: Visit, browser: Browser, address: str) -> Browser:
    """The browser of somebody who has gone on to Jobadmin with a password alone, which her organisation allows."""
    form = browser.visit("/login").form("/login")
    home = browser.post(form, email="berit@havre.example", password=visit.password("berit@havre.example"))
    onward = next(href for href, words in home.links().items() if "Fortsett til Jobadmin" in words)
    assert onward == f"{address}/login"
    page = browser.visit(onward)
    assert (page.status, page.path) == (200, f"{address}/")
    for told in ("Berit Kvam", "berit@havre.example", "Havre Bakeri", "user", "passord alene", "pwd"):
        assert told in page.text
    return browser


def is_in(browser: Browser, address: str) -> bool:
    """Whether Jobadmin knows who it is."""
    return "Logg ut" in browser.get(f"{address}/").text


def test_signing_out_there_is_signing_out_here(berit: Browser, address: str) -> None:
    """And the browser comes back to Jobadmin, where nobody is signed in."""
    page = berit.post(Form(f"{address}/logout"))
    assert (page.path, "ikke logget inn" in page.text) == (f"{address}/", True)
    assert berit.get("/account").location.startswith("/login")


def test_signing_out_here_is_heard_there(berit: Browser, address: str) -> None:
    """About a second after."""
    berit.post(berit.get("/account").form("/logout"))
    until = time.monotonic() + _PATIENCE_SECONDS
    while is_in(berit, address):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_an_answer_that_nobody_asked_for_signs_nobody_in(visit: Visit, browser: Browser, address: str) -> None:
    """Nor one with another state, from another provider, or with a code that is worth nothing."""
    assert browser.get(f"{address}/callback?code=x&state=x").status == 400
    assert browser.get(f"{address}/login").status == 303
    assert browser.get(f"{address}/callback?code=x&state=other").status == 400
    for answer in ("code=x&iss=https%3A%2F%2Fevil.example", "code=x", f"code=x&iss={visit.base_url}", "error=x"):
        asked = browser.get(f"{address}/login").location
        state = parse_qs(urlsplit(asked).query)["state"][0]
        assert browser.get(f"{address}/callback?{answer}&state={state}").status == 403
    assert not is_in(browser, address)


# What it believes of a logout token


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """The file as it stands among the examples."""
    described = importlib.util.spec_from_file_location("jobadmin_of_the_examples", FILE)
    assert described is not None
    assert described.loader is not None
    module = importlib.util.module_from_spec(described)
    sys.modules[described.name] = module
    described.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def key() -> RSAKey:
    """What the provider signs with."""
    return RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture(scope="module")
def issuer(key: RSAKey) -> Iterator[str]:
    """A provider that only says what its keys are."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    described = {"issuer": base, "jwks_uri": f"{base}/jwks"}
    routes = [
        Route("/.well-known/openid-configuration", lambda _: JSONResponse(described)),
        Route("/jwks", lambda _: JSONResponse({"keys": [key.as_dict(private=False)]})),
    ]
    with asgi(Starlette(routes=routes), port) as address:
        yield address


@dataclass
class Heard:
    """Jobadmin with one session, and what it is told."""

    client: TestClient
    cookie: str
    issuer: str
    key: RSAKey

    def answer(self, key: RSAKey | None = None, **changed: Any) -> int:
        """The status that a logout token is answered with; None leaves a claim out."""
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": "jobadmin", "sub": "p", "sid": "s", "iat": now, "exp": now + 60}
        claims = {**usual, "jti": secrets.token_hex(8), "events": EVENTS, **changed}
        signed = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, signed, key or self.key)
        return self.client.post("/backchannel-logout", data={"logout_token": token}).status_code

    def is_in(self) -> bool:
        """Whether the session goes on."""
        return "Logg ut" in self.client.get("/", headers={"cookie": f"jobadmin={self.cookie}"}).text


@pytest.fixture
def heard(program: ModuleType, issuer: str, key: RSAKey) -> Heard:
    """It knows one person."""
    jobadmin = program.Jobadmin(program.Settings("http://127.0.0.1:1", issuer, "jobadmin", "secret"))
    about = {
        "organisation_name": "Fjordly AS",
        "roles": ["user"],
        "acr": "x",
        "amr": ["pwd"],
        "email": "<b>@example.no",
    }
    cookie = jobadmin._sessions.add({"claims": {**about, "sid": "s"}, "id_token": ""})
    return Heard(TestClient(Starlette(routes=jobadmin.routes())), cookie, issuer, key)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"exp": 1},
        {"events": None},
        {"events": {}},
        {"nonce": "x"},
        {"sid": None},
        {"jti": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_right_ends_nothing(heard: Heard, changed: dict[str, Any]) -> None:
    """Whoever else sends one, or another kind of token, is refused."""
    assert heard.answer(**changed) == 400
    assert heard.is_in()


def test_a_token_of_another_key_ends_nothing(heard: Heard) -> None:
    """Though it has the right key's name."""
    assert heard.answer(RSAKey.generate_key(2048, {"kid": "one"})) == 400
    assert heard.is_in()


def test_a_right_one_ends_that_session_once(heard: Heard) -> None:
    """Another sign-in's name ends nothing; the same token again is refused."""
    assert heard.answer(sid="other") == 200
    assert heard.is_in()
    assert heard.answer(jti="once") == 200
    assert not heard.is_in()
    assert heard.answer(jti="once") == 400


def test_forms_that_are_none_are_refused(heard: Heard) -> None:
    """Without a failure; and what people are called is shown as text."""
    for body in (b"", b"logout_token=x", b"logout_token=a&logout_token=b", b"\xff" * 100, b"x" * 70_000):
        assert heard.client.post("/backchannel-logout", content=body).status_code == 400
    assert "&lt;b&gt;@example.no" in heard.client.get("/", headers={"cookie": f"jobadmin={heard.cookie}"}).text
