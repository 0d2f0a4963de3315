"""Programs that call the API of a house: by a token, or by the cookie of somebody's browser."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.testclient import TestClient

from tests.web.house import BASE_URL, Browser, House, now
from totrinn.app.api_tokens import NewToken, WantedToken, make_token_by_operator
from totrinn.app.landing import Visitor
from totrinn.core.api_tokens import Scope
from totrinn.core.events import Source

OPERATOR = Source("operator:test")
VISITOR_ADDRESS = "192.0.2.9"


@dataclass(frozen=True, slots=True)
class Told:
    """What came back."""

    status: int
    json: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """The code of a refusal; empty where there is none."""
        return str(self.json.get("code", "")) if isinstance(self.json, dict) else ""


class Program:
    """Calls `/api/v1` in one way."""

    def __init__(self, house: House, *, token: str | None = None, browser: Browser | None = None) -> None:
        self.client = browser.client if browser else TestClient(house.application, base_url=BASE_URL)
        self.headers = {"accept-language": "en", **({"authorization": f"Bearer {token}"} if token else {})}
        if browser:
            self.headers["x-totrinn-csrf"] = "1"

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Told:
        """One request; the path begins after `/api/v1`."""
        sent: dict[str, Any] = {} if body is None else {"json": body}
        answer = self.client.request(
            method, f"/api/v1{path}", headers={**self.headers, **headers}, follow_redirects=False, **sent
        )
        is_json = "json" in answer.headers.get("content-type", "")
        return Told(answer.status_code, answer.json() if is_json else answer.text, answer.headers)

    def get(self, path: str, **headers: str) -> Told:
        """Reads."""
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Told:
        """Does something."""
        return self.ask("POST", path, body, **headers)

    def put(self, path: str, body: object = None, **headers: str) -> Told:
        """Puts something."""
        return self.ask("PUT", path, body, **headers)

    def patch(self, path: str, body: object = None, **headers: str) -> Told:
        """Changes something."""
        return self.ask("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Told:
        """Ends something."""
        return self.ask("DELETE", path, **headers)


def token_of(house: House, slug: str, *scopes: Scope, days: int = 30, name: str = "") -> NewToken:
    """A token that the operator made."""
    wanted = WantedToken(name or f"token {house.services.random.token()[:8]}", frozenset(scopes), timedelta(days=days))
    made = make_token_by_operator(house.services, Visitor(now(), VISITOR_ADDRESS, ""), OPERATOR, slug, wanted)
    assert isinstance(made, NewToken), made
    return made


def program(house: House, slug: str, *scopes: Scope) -> Program:
    """A program with a token of these scopes."""
    return Program(house, token=token_of(house, slug, *scopes).text)
