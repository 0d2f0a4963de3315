"""What docs/applications tells developers to write does what it says: Authlib's client in three frameworks."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import django
import flask
import pytest
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import path
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from starlette.middleware.sessions import SessionMiddleware

from tests.browser.installation import Installation
from tests.clients.conftest import run
from tests.clients.person import Person
from tests.clients.serving import HOST, asgi, free_port, wsgi

_PAGE = Path(__file__).parents[2] / "docs" / "applications" / "README.md"
_BLOCK = re.compile(r"^### (?P<name>\w+)$.*?^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_SECRET = "not a secret in these tests"


@contextmanager
def _flask(code: str, port: int) -> Iterator[str]:
    app = flask.Flask("snippet")
    app.secret_key = _SECRET
    exec(code, {**vars(flask), "app": app, "os": os})  # what the page tells to write
    app.add_url_rule("/", view_func=lambda: flask.jsonify(flask.session["user"]))
    with wsgi(app, port) as address:
        yield address


@contextmanager
def _django(code: str, port: int) -> Iterator[str]:
    settings.configure(
        DEBUG_PROPAGATE_EXCEPTIONS=True,
        SECRET_KEY=_SECRET,
        ALLOWED_HOSTS=[HOST],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    )
    django.setup()
    views: dict[str, Any] = {"__name__": "views", "redirect": redirect, "os": os}
    exec(code, views)  # what the page tells to write
    urlpatterns.extend([path("login", views["login"]), path("callback", views["callback"]), path("", _whoever)])
    with wsgi(get_wsgi_application(), port) as address:
        yield address


urlpatterns: list[Any] = []
"""Of Django's application."""


def _whoever(request: Any) -> HttpResponse:
    return JsonResponse(request.session["user"])


def _signed_in(request: Request) -> Any:
    return request.session["user"]


@contextmanager
def _fastapi(code: str, port: int) -> Iterator[str]:
    app = FastAPI()
    app.add_middleware(SessionMiddleware, secret_key=_SECRET)
    known = {"app": app, "os": os, "Request": Request, "RedirectResponse": RedirectResponse}
    exec(code, known)  # what the page tells to write
    app.add_api_route("/", _signed_in, response_model=None)
    with asgi(app, port) as address:
        yield address


_FRAMEWORKS: dict[str, Callable[[str, int], AbstractContextManager[str]]] = {
    "Flask": _flask,
    "Django": _django,
    "FastAPI": _fastapi,
}


def _snippets() -> dict[str, str]:
    return {found["name"]: found["code"] for found in _BLOCK.finditer(_PAGE.read_text(encoding="utf-8"))}


def test_there_is_one_for_each_framework() -> None:
    """No snippet stands on the page that is not tried here."""
    assert set(_snippets()) == set(_FRAMEWORKS)


@pytest.mark.parametrize("framework", _FRAMEWORKS)
def test_somebody_signs_in_by_it(
    house: Installation,
    newcomer: Callable[[str], Person],
    monkeypatch: pytest.MonkeyPatch,
    framework: str,
) -> None:
    """With password and code; the application knows who it is, where, and how they proved it."""
    port = free_port()
    callback = f"http://{HOST}:{port}/callback"
    made = json.loads(run(house, "application", "add", framework, "--redirect-uri", callback, "--json"))
    monkeypatch.setenv("CLIENT_ID", made["client_id"])
    monkeypatch.setenv("CLIENT_SECRET", made["client_secret"])
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # this machine only
    person = newcomer(framework.lower())
    person.enrol()
    person.forget()
    code = _snippets()[framework].replace("https://login.example.org", house.address)
    with _FRAMEWORKS[framework](code, port) as address:
        page = person.go(f"{address}/login")
        assert page.status == 200, page.text
        user = json.loads(page.text)
    assert person.asked_for[-2:] == ["password", "code"]
    assert (user["email"], user["name"], user["organisation"]) == (person.email, framework.capitalize(), "fjordly")
    assert (user["acr"], user["amr"]) == ("urn:totrinn:acr:two-factor", ["pwd", "otp", "mfa"])
