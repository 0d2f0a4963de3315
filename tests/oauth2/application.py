"""An application as the tests play it: it asks, exchanges, refreshes, and knows what it was given."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from joserfc import jws
from joserfc.jwk import KeySet
from starlette.testclient import TestClient

from tests.web.house import BASE_URL, Browser, House, now
from totrinn.app.applications import registering
from totrinn.app.applications.records import Agreement, ClientAuthentication
from totrinn.app.landing import Visitor
from totrinn.core.events import Source
from totrinn.web.application import create

CALLBACK = "https://app.example.no/cb"
BYE = "https://app.example.no/bye"


@dataclass
class Application:
    """One registered application, and a program of its own that speaks to the provider."""

    house: House
    id: str
    secret: str | None
    agreement: Agreement
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    def __post_init__(self) -> None:
        self.http = TestClient(self.house.application, base_url=BASE_URL, follow_redirects=False)

    @property
    def challenge(self) -> str:
        """Of PKCE."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def request(self, **changed: str | None) -> dict[str, str]:
        """The parameters of a request; None leaves one out."""
        usual: dict[str, str | None] = {
            "client_id": self.id,
            "redirect_uri": self.agreement.redirect_uris[0],
            "response_type": "code",
            "scope": "openid profile email organisation",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**usual, **changed}.items() if value is not None}

    def link(self, **changed: str | None) -> str:
        """Where it sends a browser."""
        return f"/oauth2/authorize?{urlencode(self.request(**changed))}"

    def code(self, browser: Browser, **changed: str | None) -> str:
        """The code that a signed-in browser brings back."""
        answer = browser.get(self.link(**changed))
        assert answer.status == 303, answer.words
        return returned(answer.location)["code"]

    def post(self, path: str, **form: str | None) -> httpx2.Response:
        """Sends a form as this application, by HTTP Basic where it has a secret."""
        fields = {name: value for name, value in form.items() if value is not None}
        if self.secret is None:
            return self.http.post(path, data={"client_id": self.id, **fields})
        if self.agreement.authentication is ClientAuthentication.SECRET_POST:
            return self.http.post(path, data={"client_id": self.id, "client_secret": self.secret, **fields})
        return self.http.post(path, data=fields, auth=(self.id, self.secret))

    def exchange(self, code: str, /, **changed: str | None) -> httpx2.Response:
        """Asks for tokens."""
        usual = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.agreement.redirect_uris[0],
            "code_verifier": self.verifier,
        }
        return self.post("/oauth2/token", **{**usual, **changed})

    def tokens(self, browser: Browser, **changed: str | None) -> dict[str, Any]:
        """What a signed-in browser's code is exchanged for."""
        answer = self.exchange(self.code(browser, **changed))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, refresh_token: str, **more: str) -> httpx2.Response:
        """Asks for the next tokens."""
        return self.post("/oauth2/token", grant_type="refresh_token", refresh_token=refresh_token, **more)

    def userinfo(self, access_token: str) -> httpx2.Response:
        """Asks whose token it is."""
        return self.http.get("/oauth2/userinfo", headers={"authorization": f"Bearer {access_token}"})

    def claims(self, token: str) -> dict[str, Any]:
        """What a token of the provider says, once its signature has been verified."""
        keys = KeySet.import_key_set(self.http.get("/oauth2/jwks").json())
        return dict(json.loads(jws.deserialize_compact(token, keys, algorithms=["RS256"]).payload))


def returned(location: str) -> dict[str, str]:
    """What an answer brings back to the application."""
    query = parse_qs(urlsplit(location).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in query.values()), location
    return {name: values[0] for name, values in query.items()}


def register(house: House, **agreed: Any) -> Application:
    """Registers an application, as the operator does."""
    agreement = Agreement(**{"name": "Timeføring", "redirect_uris": (CALLBACK,), "logout_uris": (BYE,), **agreed})
    registrar = registering.Registrar(Visitor(now(), "", ""), Source("operator:test"))
    registered = registering.register(house.services, registrar, agreement)
    assert isinstance(registered, registering.Registered)
    return Application(house, registered.application.id, registered.secret, agreement)


def at_once(application: Application, copies: int) -> list[Application]:
    """The same application once more for each thread, served by other workers."""
    others = []
    for _ in range(copies):
        house = House.__new__(House)
        house.__dict__.update(application.house.__dict__)
        house.application = create(application.house.services, application.house.settings)
        other = Application(house, application.id, application.secret, application.agreement, application.verifier)
        others.append(other)
    return others
