"""Jobadmin, an example of an application: Totrinn signs its people in, by OpenID Connect, and says when they are out.

It is written on the packages that Totrinn itself runs on, so that `totrinn demo` can start it. In earnest use the
OpenID Connect library of your framework: it does what stands here between `log_in` and `_claims_of`.
"""

import base64
import hashlib
import html
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx2
import uvicorn
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

SESSION = "jobadmin"
UNDER_WAY = "jobadmin-login"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
SCOPE = "openid profile email organisation"
LEEWAY_SECONDS = 10
MOST_KEPT = 10_000
LARGEST_FORM = 64 * 1024
_LEVELS = {
    "urn:totrinn:acr:two-factor": "totrinnsbekreftelse",
    "urn:totrinn:acr:sso": "SSO",
    "urn:totrinn:acr:password": "passord alene",
}
_PAGE = """<!doctype html><html lang="nb"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Jobadmin</title><style>body{{font:1.125rem/1.6 system-ui,sans-serif;max-width:40rem;margin:3rem auto;
padding:0 1.25rem;color-scheme:light dark}}dt{{font-weight:600}}dd{{margin:0 0 .75rem}}a,button{{font:inherit}}</style>
<main><h1>Jobadmin</h1>{}</main>"""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where this application is, and what it has agreed with Totrinn."""

    address: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


class Refused(Exception):
    """What came is not what was asked for, or not from whom it should be."""


class Kept:
    """Things under names that nobody can guess; the oldest give way to new ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def add(self, thing: Any) -> str:
        """Keeps it; its name."""
        name = secrets.token_urlsafe(32)
        self._kept[name] = thing
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return name

    def find(self, name: str | None) -> Any:
        """What is kept under this name; None if nothing is."""
        return self._kept.get(name or "")

    def take(self, name: str | None) -> Any:
        """The same, for the last time."""
        return self._kept.pop(name or "", None)

    def drop(self, sid: str) -> None:
        """Drops every session that began with this sign-in."""
        for name in [name for name, kept in self._kept.items() if kept["claims"]["sid"] == sid]:
            del self._kept[name]


class Jobadmin:
    """The application: its pages, whoever is under way, and whoever is signed in."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._under_way = Kept()
        self._sessions = Kept()
        self._spent: OrderedDict[str, None] = OrderedDict()
        self._metadata: dict[str, Any] = {}

    def routes(self) -> list[Route]:
        """Every address."""
        return [
            Route("/", self.home),
            Route("/login", self.log_in),
            Route("/callback", self.come_back),
            Route("/logout", self.log_out, methods=["POST"]),
            Route("/backchannel-logout", self.hear_of_logout, methods=["POST"]),
        ]

    async def home(self, request: Request) -> Response:
        """Who is signed in, where, and how they proved it."""
        session = self._sessions.find(request.cookies.get(SESSION))
        if session is None:
            return _page('<p>Du er ikke logget inn.</p><p><a href="/login">Logg inn</a></p>')
        claims = session["claims"]
        told = {
            "Navn": claims.get("name") or claims["email"],
            "E-post": claims["email"],
            "Organisasjon": claims["organisation_name"],
            "Roller": ", ".join(claims["roles"]),
            "Logget inn med": _LEVELS.get(claims["acr"], claims["acr"]),
            "amr": " ".join(claims["amr"]),
        }
        rows = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in told.items())
        return _page(f'<dl>{rows}</dl><form method="post" action="/logout"><button>Logg ut</button></form>')

    async def log_in(self, _request: Request) -> Response:
        """Sends the browser to Totrinn, bound to this browser by a cookie, and to this request by state and nonce."""
        verifier = secrets.token_urlsafe(48)
        asked = {"state": secrets.token_urlsafe(16), "nonce": secrets.token_urlsafe(16)}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            **asked,
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": f"{self._settings.address}/callback",
            "scope": SCOPE,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = (await self._provider())["authorization_endpoint"]
        response = RedirectResponse(f"{endpoint}?{urlencode(parameters)}", 303)
        self._give(response, UNDER_WAY, self._under_way.add({**asked, "verifier": verifier}))
        return response

    async def come_back(self, request: Request) -> Response:
        """Exchanges the code, checks the ID token, and begins a session under a new cookie."""
        asked, answer = self._under_way.take(request.cookies.get(UNDER_WAY)), request.query_params
        if asked is None or not secrets.compare_digest(answer.get("state", "").encode(), asked["state"].encode()):
            return _page("<p>Denne innloggingen begynte ikke her.</p><p><a href='/login'>Logg inn</a></p>", 400)
        if answer.get("iss") != self._settings.issuer or "code" not in answer:
            reason = html.escape(answer.get("error", ""))
            return _page(f"<p>Du ble ikke logget inn. {reason}</p><p><a href='/login'>Logg inn</a></p>", 403)
        try:
            tokens = await self._exchange(answer["code"], asked["verifier"])
            claims = await self._claims_of(tokens["id_token"], {"nonce": {"essential": True, "value": asked["nonce"]}})
        except Refused:
            return _page("<p>Du ble ikke logget inn.</p><p><a href='/login'>Logg inn</a></p>", 403)
        response = RedirectResponse("/", 303)
        self._give(response, SESSION, self._sessions.add({"claims": claims, "id_token": tokens["id_token"]}))
        return response

    async def log_out(self, request: Request) -> Response:
        """Ends the session here, and then at Totrinn, from where the browser comes back."""
        session = self._sessions.take(request.cookies.get(SESSION))
        if session is None:
            return RedirectResponse("/", 303)
        back = {"id_token_hint": session["id_token"], "post_logout_redirect_uri": f"{self._settings.address}/"}
        return RedirectResponse(f"{(await self._provider())['end_session_endpoint']}?{urlencode(back)}", 303)

    async def hear_of_logout(self, request: Request) -> Response:
        """Totrinn says that a session has ended (OpenID Connect Back-Channel Logout 1.0, §2.6)."""
        try:
            claims = await self._claims_of(await _sent(request, "logout_token"), {"jti": {"essential": True}})
        except Refused:
            return Response(status_code=400, headers={"Cache-Control": "no-store"})
        if LOGOUT_EVENT not in claims.get("events", {}) or "nonce" in claims or claims["jti"] in self._spent:
            return Response(status_code=400, headers={"Cache-Control": "no-store"})
        self._spent[claims["jti"]] = None
        if len(self._spent) > MOST_KEPT:
            self._spent.popitem(last=False)
        self._sessions.drop(claims["sid"])
        return Response(status_code=200, headers={"Cache-Control": "no-store"})

    async def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": f"{self._settings.address}/callback",
            "code_verifier": verifier,
        }
        known = httpx2.BasicAuth(self._settings.client_id, self._settings.client_secret)
        endpoint = (await self._provider())["token_endpoint"]
        async with httpx2.AsyncClient(timeout=10) as client:
            answer = await client.post(endpoint, data=sent, auth=known)
        if answer.status_code != 200:
            raise Refused(answer.status_code)
        return dict(answer.json())

    async def _claims_of(self, token: str, demanded: Mapping[str, Any]) -> dict[str, Any]:
        """What a token of Totrinn's for this application says, with its signature checked. Raises `Refused`."""
        async with httpx2.AsyncClient(timeout=10) as client:
            keys = KeySet.import_key_set((await client.get((await self._provider())["jwks_uri"])).json())
        must = {
            "iss": {"essential": True, "value": self._settings.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "sid": {"essential": True},
            **demanded,
        }
        try:
            claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
            jwt.JWTClaimsRegistry(now=int(time.time()), leeway=LEEWAY_SECONDS, **must).validate(claims)
        except (JoseError, ValueError) as error:
            raise Refused(type(error).__name__) from error
        return claims

    async def _provider(self) -> dict[str, Any]:
        if not self._metadata:
            async with httpx2.AsyncClient(timeout=10) as client:
                answer = await client.get(f"{self._settings.issuer}/.well-known/openid-configuration")
            if answer.raise_for_status().json()["issuer"] != self._settings.issuer:
                raise Refused("issuer")
            self._metadata = answer.json()
        return self._metadata

    def _give(self, response: Response, cookie: str, name: str) -> None:
        secure = self._settings.address.startswith("https://")
        response.set_cookie(cookie, name, httponly=True, samesite="lax", secure=secure)


def create(settings: Settings) -> Starlette:
    """The application, for any ASGI server."""
    return Starlette(routes=list(Jobadmin(settings).routes()))


async def _sent(request: Request, name: str) -> str:
    """The only value that a form has under this name. Raises `Refused`."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            raise Refused("too large")
    found = parse_qs(body.decode("ascii", "replace")).get(name, [])
    if len(found) != 1:
        raise Refused(name)
    return found[0]


def _page(content: str, status: int = 200) -> Response:
    return HTMLResponse(_PAGE.format(content), status, headers={"Cache-Control": "no-store"})


if __name__ == "__main__":
    port = int(os.environ.get("JOBADMIN_PORT", "8800"))
    given = Settings(
        address=os.environ.get("JOBADMIN_ADDRESS", f"http://127.0.0.1:{port}"),
        issuer=os.environ["JOBADMIN_ISSUER"],
        client_id=os.environ["JOBADMIN_CLIENT_ID"],
        client_secret=os.environ["JOBADMIN_CLIENT_SECRET"],
    )
    uvicorn.run(create(given), host="127.0.0.1", port=port)
