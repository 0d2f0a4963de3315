"""From a route's declaration to an answer: read, admit, handle, in one hop to the thread pool.

A `Page` names its path, its methods, its demand and its handler; nothing is reachable that does not stand in a `Page`.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from totrinn.app.errors import NotAdmitted, NotAllowed, NotFound, OwnCredentialsNeeded, StoreCollided, StoreUnavailable
from totrinn.app.judging import look_at
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services
from totrinn.web import messages
from totrinn.web.admission import SAFE_METHODS, admit, establish, refuse_right
from totrinn.web.ask import Ask
from totrinn.web.collisions import ATTEMPTS, wait_after, watched
from totrinn.web.cookies import Cookie, read_cookies
from totrinn.web.demands import Demand, Level
from totrinn.web.forms import LARGEST_BODY, BadRequest, read_form, read_query
from totrinn.web.hash_queue import RETRY_AFTER_SECONDS, Gone, HashQueue, TooBusy, Waiter
from totrinn.web.in_line import Ushers
from totrinn.web.messages import Failing, Handler
from totrinn.web.outside_threads import OutsideThreads, whose
from totrinn.web.rendering import Renderer
from totrinn.web.settings import WebSettings, client_address
from totrinn.web.uploads import read_form_with_files

Ready = Callable[[], Awaitable[tuple[str, ...]]]
"""Why this process cannot do its work now; nothing when it can."""
ROUTE = "totrinn.route"
"""Under this name the template of a request's route stands in its scope."""

_log = logging.getLogger("totrinn.web")
_LONGEST_BROWSER = 300
_TO_SCRIPTS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "7200",
}
MOST_WAITING_FOR_THREADS = 100
"""Where so many wait for a thread, every thread waits for the database."""


@dataclass(frozen=True, slots=True)
class Page:
    """One route. `hashes`: its POST hashes the password, if one is sent, and waits in the queue for a core."""

    path: str
    demand: Demand
    get: Handler | None = None
    post: Handler | None = None
    hashes: bool = False
    when_busy: Handler | None = None
    """What those are answered for whom there is no place in the queue; a lone message, if nothing is named."""
    calls_out: bool = False
    """Its handlers wait for an identity provider: in threads of their own, so that nobody else waits with them."""
    largest_body: int = LARGEST_BODY
    takes_files: bool = False
    """Its form is sent as `multipart/form-data`."""
    for_programs: bool = False
    """Applications ask, and are told of errors in JSON."""
    for_scripts: bool = False
    """Scripts of any site's pages may ask, without cookies: what they may know they prove by a token or a code."""
    at_once: Callable[[Ready], Awaitable[Response]] | None = None
    """Answers GET in the event loop, before threads and database: for what must answer whatever else hangs."""

    program: "Program | None" = None
    """Answers everything by itself: a protocol of programs, with its own forms of asking and refusing."""

    def methods(self) -> tuple[str, ...]:
        """The methods that it answers."""
        if self.program is not None:
            return self.program.methods()
        return tuple(name for name, handler in (("GET", self.get or self.at_once), ("POST", self.post)) if handler)

    def handler(self, method: str) -> Handler | None:
        """The handler of a method; HEAD is GET without the body."""
        return {"GET": self.get, "HEAD": self.get, "POST": self.post}.get(method)


class Program(Protocol):
    """What answers the requests of programs at one path. It looks itself whether its page's demand is met."""

    def methods(self) -> tuple[str, ...]:
        """The methods that it answers; all others it refuses."""

    async def serve(self, desk: "Desk", request: Request) -> Response:
        """Answers one request."""


class Desk:
    """Serves the pages of one installation."""

    def __init__(self, services: Services, settings: WebSettings, *, ready: Ready) -> None:
        self.services = services
        self.settings = settings
        self.renderer = Renderer(settings)
        self._queue = HashQueue(settings.hashes_at_once, services.observer)
        self._hashing: CapacityLimiter | None = None
        self._ushers = Ushers(services)
        self._ready = ready
        self._outside = OutsideThreads()
        self._trusted = settings.networks()

    def route(self, page: Page) -> Route:
        """The page as a Starlette route."""

        async def endpoint(request: Request) -> Response:
            return await self.serve(request, page)

        # A program refuses in its own form what is asked of it by another method.
        return Route(page.path, endpoint, methods=[] if page.program else list(page.methods()))

    async def serve(self, request: Request, page: Page) -> Response:
        """Answers one request."""
        request.scope[ROUTE] = page.path
        if page.for_scripts and request.method == "OPTIONS":
            return Response(None, 204, {**_TO_SCRIPTS, "Access-Control-Allow-Methods": ", ".join(page.methods())})
        response = await self._serve(request, page)
        if page.for_scripts:
            response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    async def _serve(self, request: Request, page: Page) -> Response:
        if page.at_once and request.method in SAFE_METHODS:
            return await page.at_once(self._ready)
        if page.program is not None:
            return await page.program.serve(self, request)
        ask = self.ask(request)
        ask.has_get, ask.for_programs = page.get is not None, page.for_programs
        try:
            if ask.method not in SAFE_METHODS:
                is_open = page.demand.level is Level.ANYONE
                largest = page.largest_body if is_open else await self.largest_body(ask, page.largest_body)
                if page.takes_files:
                    ask.form, ask.files = await read_form_with_files(request, largest=largest)
                else:
                    ask.form = await read_form(request, largest=largest)
        except BadRequest as error:
            ask.body_problem = error.status
        if page.calls_out:
            return await self.calling_out(ask, lambda attempt: self._admitted(attempt, page))
        if page.hashes and ask.method == "POST" and "password" in ask.form:
            return await self._serve_hashing(request, ask, page)
        if to_thread.current_default_thread_limiter().statistics().tasks_waiting >= MOST_WAITING_FOR_THREADS:
            return ask.finish(messages.unavailable(ask))
        return await run_in_threadpool(self._answer, ask, page)

    async def largest_body(self, ask: Ask, largest: int) -> int:
        """What may be sent where so much is taken of somebody who is signed in: no more than usual of a stranger."""
        if largest <= LARGEST_BODY:
            return largest
        try:
            actor = await run_in_threadpool(look_at, ask.services, ask.visitor, ask.jar.get(Cookie.SESSION))
        except StoreUnavailable:
            return LARGEST_BODY
        return LARGEST_BODY if actor is None else largest

    async def _serve_hashing(self, request: Request, ask: Ask, page: Page) -> Response:
        """In threads of their own, as many as places: pages that wait for the database keep nobody from hashing."""
        waiter = Waiter(lambda: self._ushers.place_of(ask), lambda: left(request))
        try:
            async with self._queue.place(waiter):
                # Made here, as it belongs to the event loop that serves.
                self._hashing = self._hashing or CapacityLimiter(self.settings.hashes_at_once)
                return await to_thread.run_sync(self._answer, ask, page, limiter=self._hashing)
        except Gone:
            return Response(status_code=503)
        except TooBusy:
            return ask.finish(_later(page.when_busy(ask) if page.when_busy else messages.too_busy(ask)))

    async def calling_out(
        self,
        ask: Ask,
        work: Handler,
        *,
        failing: Failing = messages.FAILING,
        busy: Handler = messages.provider_busy,
    ) -> Response:
        """The answer of work that waits for somebody outside; it is never begun anew."""

        def answered() -> Response:
            return self.attempts(ask, work, may_begin_anew=False, failing=failing)

        try:
            organisation = await run_in_threadpool(whose, ask, self.services)
            async with self._outside.place(organisation) as limiter:
                return await to_thread.run_sync(answered, limiter=limiter)
        except StoreUnavailable:
            return ask.finish(failing.unavailable(ask))
        except TooBusy:
            return ask.finish(_later(busy(ask)))

    def _answer(self, ask: Ask, page: Page) -> Response:
        return self.attempts(ask, lambda attempt: self._admitted(attempt, page))

    def attempts(
        self, ask: Ask, work: Handler, *, may_begin_anew: bool = True, failing: Failing = messages.FAILING
    ) -> Response:
        """The answer of the work, which is begun anew after a collision; whatever fails, the answer is a refusal."""
        # Not when it began to come: a form may have been a minute on its way, and waited here.
        ask.visitor = replace(ask.visitor, now=datetime.now(UTC))
        number = 0
        while True:
            number += 1
            attempt, store = watched(ask, self.services.store)
            attempt.is_handled = True
            try:
                return attempt.finish(work(attempt))
            except StoreCollided:
                if number == ATTEMPTS or not may_begin_anew or store.may_have_written:
                    return _refused(attempt, failing.unavailable)
                wait_after(number)
            except StoreUnavailable:
                return _refused(attempt, failing.unavailable)
            except Exception:  # noqa: BLE001 - whatever fails, the answer is a refusal, and says nothing of the cause
                _log.exception("request failed", extra={"path": ask.path, "method": ask.method})
                attempt.cookies_to_set.clear()
                attempt.is_handled = False
                return attempt.finish(failing.broken(attempt))

    def _admitted(self, ask: Ask, page: Page) -> Response:
        handler = page.handler(ask.method)
        if handler is None:
            return establish(ask, page.demand) or messages.wrong_method(ask, page.methods())
        refused = admit(ask, page.demand)
        if refused is not None:
            return refused
        try:
            return handler(ask)
        except NotAdmitted:
            return ask.go("/")
        except NotAllowed:
            return refuse_right(ask)
        except OwnCredentialsNeeded:
            return messages.own_credentials(ask)
        except NotFound:
            return messages.not_found(ask)

    def ask(self, request: Request) -> Ask:
        """The request as handlers see it, with nothing admitted and nothing read of its body."""
        headers = request.headers
        jar = read_cookies("; ".join(headers.getlist("cookie")), secure=self.settings.secure)
        peer = request.client.host if request.client else ""
        visitor = Visitor(
            now=datetime.now(UTC),
            address=client_address(peer, ", ".join(headers.getlist("x-forwarded-for")), self._trusted),
            browser=headers.get("user-agent", "")[:_LONGEST_BROWSER],
            device=jar.get(Cookie.DEVICE),
        )
        return Ask(
            services=self.services,
            settings=self.settings,
            renderer=self.renderer,
            method=request.method,
            path=request.scope["path"].replace("\0", "\ufffd"),
            raw_query=request.scope["query_string"].decode("ascii", "replace"),
            headers=headers,
            visitor=visitor,
            jar=jar,
            query=read_query(request.scope["query_string"]),
            form={},
            # A NUL is no part of any name or id, and not every database takes it.
            params={key: str(value).replace("\0", "\ufffd") for key, value in request.path_params.items()},
        )


async def left(request: Request) -> None:
    """Returns when whoever asks has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _later(response: Response) -> Response:
    """Says when to come back, not to everybody the same: they would all come at once."""
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS + secrets.randbelow(RETRY_AFTER_SECONDS + 1))
    return response


def _refused(ask: Ask, unavailable: Handler) -> Response:
    _log.warning("database unavailable", extra={"path": ask.path, "method": ask.method})
    ask.cookies_to_set.clear()
    ask.is_handled = False
    return ask.finish(unavailable(ask))
