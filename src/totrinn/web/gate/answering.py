"""`/gate`: answers a reverse proxy's check in the event loop, before pages, threads and SQLAlchemy.

What was read is judged as for every page, by `app.judging`. Whatever fails is a refusal: there is one place that
answers 200, and it holds somebody whom the policy has just admitted.
"""

import asyncio
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Any, TypeVar

from anyio import CapacityLimiter, fail_after, to_thread
from starlette.datastructures import Headers as RequestHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from totrinn.app.errors import StoreUnavailable
from totrinn.app.gate.repositories import GateReads
from totrinn.app.judging import Actor, Gone, admitted, end_unless_admitted, is_seen_anew, keep_all_seen
from totrinn.app.landing import Held, Visitor
from totrinn.app.ports import Services
from totrinn.app.records import LiveSession
from totrinn.app.signing_in import find_signin
from totrinn.core.lifetimes import SEEN_GRANULARITY
from totrinn.web.admission import Code, code_at
from totrinn.web.cookies import Cookie, Jar, cookie_line, read_cookies, without
from totrinn.web.gate.asking import Question, Unclear, is_check, read_question, way_back
from totrinn.web.gate.identity import Headers, Teller
from totrinn.web.gate.setting_out import start_address, start_cookie
from totrinn.web.routing import ROUTE
from totrinn.web.settings import WebSettings, client_address

_THREADS = 4
_LONGEST_WAIT_SECONDS = 3.0
"""For a thread to end a session; the refusal does not depend on it."""
_MOST_WAITING = 100
_MOST_SEEN = 10_000
_GATHERING_SECONDS, _MOST_AT_ONCE = 0.2, 100
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_LONGEST_BROWSER = 300
_NO_STORE = (b"cache-control", b"no-store")
_log = logging.getLogger("totrinn.web.gate")


Result = TypeVar("Result")


class Fault(StrEnum):
    """Why a check is refused, whoever asks."""

    UNCLEAR = "unclear_request"
    """The same is said twice."""
    NOT_THE_PROXY = "not_the_proxy"
    UNKNOWN_HOST = "unknown_host"
    """No application that is switched on stands behind the gate under this name."""
    UNAVAILABLE = "unavailable"


_TITLES = {
    Code.SIGN_IN_REQUIRED: (401, "Sign in first"),
    Code.VERIFICATION_REQUIRED: (401, "The sign-in is not finished"),
    Code.CHOICE_REQUIRED: (401, "The sign-in is not finished"),
    Code.ENROLMENT_REQUIRED: (401, "The sign-in is not finished"),
    Fault.UNCLEAR: (400, "The check cannot be read in one way only"),
    Fault.NOT_THE_PROXY: (403, "The gate answers its reverse proxy only"),
    Fault.UNKNOWN_HOST: (403, "No application is protected under this host name"),
    Fault.UNAVAILABLE: (503, "It cannot be found out who is signed in"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the proxy is told; `outcome` is what is counted."""

    outcome: str
    status: int
    headers: Headers
    body: bytes = b""


class Gate:
    """Answers checks; everything else is for the application inside."""

    def __init__(self, application: ASGIApp, services: Services, settings: WebSettings, reads: GateReads) -> None:
        self._application = application
        self._services = services
        self._settings = settings
        self._secure = settings.secure
        self._own_host = settings.own_host
        self._reads = reads
        self._teller = Teller(settings.gate_headers)
        self._secret = settings.gate_secret.encode()
        self._trusted = settings.networks()
        self._threads: CapacityLimiter | None = None
        self._seen: dict[str, datetime] = {}
        self._unwritten: dict[str, datetime] = {}
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http" or not is_check(scope["path"]):
            await self._application(scope, receive, send)
            return
        scope[ROUTE] = "/gate"
        try:
            answer = await self._answer(scope)
        except StoreUnavailable:
            _log.warning("database unavailable", extra={"path": "/gate", "method": scope["method"]})
            answer = _refusal(Fault.UNAVAILABLE)
        except Exception:  # noqa: BLE001 - whatever fails, the answer is a refusal, and says nothing of the cause
            _log.exception("check failed", extra={"path": "/gate", "method": scope["method"]})
            answer = _refusal(Fault.UNAVAILABLE)
        self._services.observer.gated(answer.outcome)
        headers = [*answer.headers, _NO_STORE, (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope) -> Answer:
        asked = read_question(scope, secure=self._secure)
        if isinstance(asked, Unclear):
            return _refusal(Fault.UNCLEAR)
        if self._secret and not hmac.compare_digest(asked.secret, self._secret):
            return _refusal(Fault.NOT_THE_PROXY)
        jar = read_cookies(asked.cookies, secure=self._secure)
        if asked.host is None or asked.host == self._own_host:
            return await self._on_our_own_host(scope, asked, jar)
        token = jar.get(Cookie.GATE)
        live = None if token is None else await self._reads.behind_pass(self._services.digest(token), asked.host)
        if live is None and not await self._reads.is_protected(asked.host):
            return _refusal(Fault.UNKNOWN_HOST)
        actor = await self._judged(scope, live)
        return self._let_in(asked, actor) if isinstance(actor, Actor) else self._refused(asked, jar, actor)

    async def _on_our_own_host(self, scope: Scope, asked: Question, jar: Jar) -> Answer:
        """Here the session's own cookie counts, and an unfinished sign-in is known."""
        if asked.host is not None and not await self._reads.is_protected(asked.host):
            return _refusal(Fault.UNKNOWN_HOST)
        token = jar.get(Cookie.SESSION)
        live = None if token is None else await self._reads.behind_session(self._services.digest(token))
        actor = await self._judged(scope, live)
        if isinstance(actor, Actor):
            return self._let_in(asked, actor)
        signin = jar.get(Cookie.SIGNIN)
        if actor is None and signin is not None:
            found = await self._in_thread(find_signin, self._services, self._visitor(scope), signin)
            if found is not None:
                return self._refused(asked, jar, code_at(found.signin.state))
        return self._refused(asked, jar, actor)

    async def _judged(self, scope: Scope, live: LiveSession | None) -> Actor | Held | None:
        """Who acts by this session, by the policy. One that is not admitted any more ends here, as on a page."""
        if live is None:
            return None
        now = datetime.now(UTC)
        actor = admitted(live, now)
        if actor is not None:
            self._see(live, now)
            return actor
        try:
            ended = await self._in_thread(_end, self._services, self._visitor(scope), live.session.id)
        except StoreUnavailable:
            return None
        if isinstance(ended, Actor):
            # What was kept of the session was older than its last use.
            self._see(ended.live, now)
        return None if isinstance(ended, Gone) else ended

    def _let_in(self, asked: Question, actor: Actor) -> Answer:
        headers = self._teller.headers(actor)
        if asked.returns_cookies:
            others = without(asked.cookies, Cookie.GATE, Cookie.GATE_START, secure=self._secure)
            headers = [*headers, (b"cookie", others.encode("latin-1"))]
        return Answer("admitted", 200, headers)

    def _refused(self, asked: Question, jar: Jar, why: Held | Code | None) -> Answer:
        """Sends a person to sign in; anything else is told by a code that it is needed."""
        host = asked.host or self._own_host
        is_ours = host == self._own_host
        code = why if isinstance(why, Code) else code_at(why.state) if why else Code.SIGN_IN_REQUIRED
        headers: Headers = []
        if is_ours and isinstance(why, Held):
            headers.append(self._set_cookie(Cookie.SIGNIN, why.token))
        if not asked.is_navigation:
            return _refusal(code, headers)
        start = ""
        if not is_ours:
            cookie, is_new = start_cookie(self._services, jar, host)
            start = self._services.digest(cookie).hex()
            if is_new:
                headers.append(self._set_cookie(Cookie.GATE_START, cookie))
        address = start_address(self._settings, host=host, path=way_back(asked.uri), start=start).encode()
        if asked.redirects:
            return Answer(code, 303, [*headers, (b"location", address), (b"referrer-policy", b"no-referrer")])
        return _refusal(code, [*headers, (b"x-totrinn-location", address)])

    def _set_cookie(self, cookie: Cookie, value: str) -> tuple[bytes, bytes]:
        return (b"set-cookie", cookie_line(cookie, value, secure=self._secure))

    def _see(self, live: LiveSession, now: datetime) -> None:
        """Has it written down, beside this answer, that the session was used: tried once a minute."""
        session_id = live.session.id
        if not is_seen_anew(live, now) or now - self._seen.get(session_id, _LONG_AGO) < SEEN_GRANULARITY:
            return
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[session_id] = self._unwritten[session_id] = now
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._keep_seen())

    async def _keep_seen(self) -> None:
        """Writes down whoever was seen, and whoever else is seen in the moment before it, by one transaction."""
        try:
            while self._unwritten:
                await asyncio.sleep(_GATHERING_SECONDS)
                some = dict(islice(self._unwritten.items(), _MOST_AT_ONCE))
                for session_id in some:
                    del self._unwritten[session_id]
                await self._in_thread(keep_all_seen, self._services, some)
        except StoreUnavailable:
            self._unwritten.clear()
        except Exception:  # noqa: BLE001 - the sessions idle on
            _log.exception("it could not be written down that sessions were used")
        finally:
            self._writing = None

    async def _in_thread(self, act: Callable[..., Result], *arguments: Any) -> Result:
        """Raises `StoreUnavailable` when that takes too long, or too many want it."""
        # Made here, as it belongs to the event loop that serves.
        self._threads = self._threads or CapacityLimiter(_THREADS)
        if self._threads.statistics().tasks_waiting >= _MOST_WAITING:
            raise StoreUnavailable
        try:
            with fail_after(_LONGEST_WAIT_SECONDS):
                return await to_thread.run_sync(act, *arguments, limiter=self._threads, abandon_on_cancel=True)
        except TimeoutError:
            raise StoreUnavailable from None

    def _visitor(self, scope: Scope) -> Visitor:
        headers = RequestHeaders(scope=scope)
        peer = scope["client"][0] if scope.get("client") else ""
        forwarded = ", ".join(headers.getlist("x-forwarded-for"))
        address = client_address(peer, forwarded, self._trusted)
        return Visitor(datetime.now(UTC), address, headers.get("user-agent", "")[:_LONGEST_BROWSER])


def _end(services: Services, visitor: Visitor, session_id: str) -> Actor | Held | Gone:
    return end_unless_admitted(services, visitor, session_id, next_="")


def _refusal(code: Code | Fault, headers: Headers | None = None) -> Answer:
    status, title = _TITLES[code]
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "code": code.value}).encode()
    return Answer(code.value, status, [*(headers or []), (b"content-type", b"application/problem+json")], body)
