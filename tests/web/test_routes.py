"""No route without a demand: what the application serves is what the table of contents declares."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from tests.web.house import SETTINGS, House
from totrinn.core.roles import Right
from totrinn.web import api
from totrinn.web.api.rooms import ENDPOINTS
from totrinn.web.application import create, route_table
from totrinn.web.demands import Demand, Level
from totrinn.web.headers import SecurityHeaders
from totrinn.web.pages import PAGES
from totrinn.web.routing import Desk

_OPEN_TO_ANYONE = {
    "/api/v1/openapi.json",
    "/.totrinn/callback",
    "/.totrinn/sign-out",
    "/login",
    "/login/sso",
    "/sso/{connection}/answer",
    "/sso/{connection}/callback",
    "/sso/{connection}/login",
    "/sso/{connection}/metadata",
    "/logout",
    "/language",
    "/face/{id}",
    "/setup/{token}",
    "/password/{token}",
    "/health/live",
    "/health/probe",
    "/health/ready",
    "/static/{path}",
    "/.well-known/openid-configuration",
    "/oauth2/jwks",
    "/oauth2/continue",
    "/oauth2/logout/confirm",
}


def _served(house: House) -> Iterator[BaseRoute]:
    application = create(house.services, SETTINGS)
    assert isinstance(application, SecurityHeaders)
    inside = application._application
    assert isinstance(inside, Starlette)
    yield from inside.routes


@pytest.mark.row("R39")
def test_every_served_route_stands_in_the_table_with_its_demand(house: House) -> None:
    """A route that is served without having been declared as a page, with a demand, fails here."""
    declared = {(page.path, method) for page in PAGES for method in page.methods()}
    for route in _served(house):
        if isinstance(route, Mount):
            assert route.path == "/static"
            continue
        assert isinstance(route, Route)
        if route.path == f"{api.BASE}/{{path:path}}":
            # What stands under it is a table of its own, in which `right` has no default.
            assert all(isinstance(endpoint.right, Right) for endpoint in ENDPOINTS)
            continue
        assert route.endpoint.__qualname__.startswith(Desk.route.__qualname__), route.path
        for method in set(route.methods or ()) - {"HEAD"}:
            assert (route.path, method) in declared, route.path
    assert all(isinstance(page.demand, Demand) for page in PAGES)
    assert all(page.methods() or page.program for page in PAGES)


@pytest.mark.row("R39")
def test_only_these_routes_are_open_to_anyone() -> None:
    """Whoever adds a route that demands nothing has to say so here, too."""
    assert {route.path for route in route_table() if route.demand == "anyone"} == _OPEN_TO_ANYONE


@pytest.mark.row("R47")
def test_every_session_route_names_a_right_and_every_step_its_states() -> None:
    """No demand is left half said: a session without a right, or a step without states, would let too much through."""
    for page in PAGES:
        demand = page.demand
        if demand.level is Level.SESSION:
            assert demand.right is not None, page.path
        if demand.level in (Level.UNFINISHED, Level.UNFINISHED_OR_SESSION):
            assert demand.steps, page.path


def test_paths_are_declared_once() -> None:
    """Of two pages with one path the second would never be seen."""
    paths = [page.path for page in PAGES]
    assert len(paths) == len(set(paths))
