"""The table of contents: every page, what it demands, and the application that serves them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from totrinn.app.ports import GateReads, Services
from totrinn.web import api, messages
from totrinn.web.ask import Ask
from totrinn.web.demands import ANYONE, SIGNED_IN
from totrinn.web.gate.answering import Gate
from totrinn.web.gate.asking import CHECK, CHECK_OF_ENVOY
from totrinn.web.headers import SecurityHeaders
from totrinn.web.pages import PAGES
from totrinn.web.routing import Desk, Page, Ready
from totrinn.web.settings import WebSettings

_STATIC = Path(__file__).parent / "static"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
"""The API answers every method itself, be it by a refusal."""


@dataclass(frozen=True, slots=True)
class RouteInfo:
    """A route as `totrinn routes` lists it."""

    path: str
    methods: tuple[str, ...]
    demand: str


async def _nobody_looks() -> tuple[str, ...]:
    return ("nobody looks whether this process is ready",)


def create(
    services: Services,
    settings: WebSettings,
    *,
    extra: Sequence[Page] = (),
    ready: Ready = _nobody_looks,
    gate_reads: GateReads | None = None,
) -> ASGIApp:
    """The application. What matches no page is refused as if it demanded a session: deny by default.

    `gate_reads`: by what the gate reads; without it there is no gate.
    """
    desk = Desk(services, settings, ready=ready)
    unknown = Page("/{path:path}", SIGNED_IN, get=_unknown, post=_unknown)
    static_files = Page("/static/{path}", ANYONE, get=_unknown)
    pages = [(desk.route(page), page) for page in (*PAGES, *extra)]

    async def api_endpoint(request: Request) -> Response:
        return await api.serve(request, desk)

    async def no_page(request: Request, _: Exception) -> Response:
        return await desk.serve(request, unknown)

    async def no_method(request: Request, _: Exception) -> Response:
        meant = next((page for route, page in pages if route.matches(request.scope)[0] is not Match.NONE), static_files)
        return await desk.serve(request, meant)

    application = Starlette(
        routes=[
            *(route for route, _ in pages),
            Route(f"{api.BASE}/{{path:path}}", api_endpoint, methods=list(_METHODS)),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={404: no_page, 405: no_method},
    )
    application.router.redirect_slashes = False
    served = SecurityHeaders(application, secure=settings.secure)
    return served if gate_reads is None else Gate(served, services, settings, gate_reads)


def route_table(extra: Sequence[Page] = ()) -> list[RouteInfo]:
    """Every route, its methods and what it demands."""
    pages = [RouteInfo(page.path, page.methods(), str(page.demand)) for page in (*PAGES, *extra)]
    checks = [RouteInfo(path, ("ANY",), str(SIGNED_IN)) for path in (CHECK, f"{CHECK_OF_ENVOY}/{{path}}")]
    return [*pages, *_api_routes(), *checks, RouteInfo("/static/{path}", ("GET",), "anyone")]


def _api_routes() -> list[RouteInfo]:
    from totrinn.web.api.document import OPEN
    from totrinn.web.api.rooms import ENDPOINTS

    open_to_all = [RouteInfo(api.BASE + each.path, ("GET",), str(ANYONE)) for each in OPEN]
    endpoints = [RouteInfo(api.BASE + each.path, (each.method,), each.demand) for each in ENDPOINTS]
    return [*open_to_all, *endpoints]


def _unknown(ask: Ask) -> Response:
    return messages.not_found(ask)
