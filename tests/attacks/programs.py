"""Tokens, and programs that misuse them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx2

from tests.attacks.house import OPERATOR, Browser, House
from totrinn.app.api_tokens import NewToken, WantedToken, make_token_by_operator
from totrinn.core.api_tokens import Scope

API = "/api/v1"
EVERY = (
    Scope.ORGANISATION_READ,
    Scope.SETTINGS_WRITE,
    Scope.REQUIREMENT_STRENGTHEN,
    Scope.MEMBERS_READ,
    Scope.MEMBERS_MANAGE,
    Scope.LOG_READ,
)
CSRF = {"x-totrinn-csrf": "1"}


def token(house: House, slug: str, *scopes: Scope, days: int = 30) -> NewToken:
    """A token that the operator made."""
    name = house.services.random.token()
    wanted = WantedToken(name, frozenset(scopes or EVERY), timedelta(days=days))
    made = make_token_by_operator(house.services, house.visitor(), OPERATOR, slug, wanted)
    assert isinstance(made, NewToken)
    return made


@contextmanager
def program(house: House, text: str) -> Iterator[httpx2.Client]:
    """A client that sends the token."""
    headers = {"authorization": f"Bearer {text}"}
    with httpx2.Client(base_url=house.address + API, headers=headers, timeout=30) as client:
        yield client


def made_by(browser: Browser, slug: str, *scopes: Scope) -> str:
    """A token that a person made in their session."""
    wanted = {"name": f"of {scopes}", "scopes": [scope.value for scope in scopes or EVERY], "days": 30}
    answer = browser.http.post(f"{API}/organisations/{slug}/tokens", json=wanted, headers=CSRF)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def code_of(answer: httpx2.Response) -> str:
    """Why it was refused."""
    found: dict[str, Any] = answer.json()
    return str(found["code"])
