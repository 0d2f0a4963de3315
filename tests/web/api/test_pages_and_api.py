"""Whatever a page changes, a program can change; or the guide says why not."""

import re

from tests.docs.reading import DOCS, rows
from totrinn.web.api.rooms import ENDPOINTS
from totrinn.web.application import route_table

_GUIDE = DOCS / "applications" / "api.md"
_OF_PROGRAMS = ("/api/", "/scim/", "/gate")
_FROM_ELSEWHERE = "from_elsewhere"
"""Sent by providers and applications, and not from a page."""
_WAYS_OF_PROVIDERS = "/sso/"
_ADDED_BY_API = {"POST /organisations/{slug}/members"}


def _table() -> dict[str, str]:
    """For each page what the guide says of it."""
    found: dict[str, str] = {}
    for cells in rows(_GUIDE):
        if len(cells) == 2 and cells[0].startswith("`/"):
            for page in re.findall(r"`([^`]+)`", cells[0]):
                assert page not in found, page
                found[page] = cells[1]
    return found


def _pages() -> set[str]:
    return {
        route.path
        for route in route_table()
        if "POST" in route.methods
        and not route.path.startswith((*_OF_PROGRAMS, _WAYS_OF_PROVIDERS))
        and _FROM_ELSEWHERE not in route.demand
    }


def _endpoints_in(said: str) -> set[str]:
    return {found for found in re.findall(r"`([^`]+)`", said) if found.partition(" ")[2].startswith("/")}


def test_every_page_that_changes_something_names_its_endpoint() -> None:
    """Or says why there is none; and no page is named that is not there."""
    table = _table()
    assert set(table) == _pages()
    for page, said in table.items():
        assert _endpoints_in(said) or re.match(r"none: \S+ \S+", said), page


def test_every_endpoint_that_changes_something_has_its_page() -> None:
    """Save what the guide says that the API does alone; and none is named that is not there."""
    named = {endpoint for said in _table().values() for endpoint in _endpoints_in(said)}
    changing = {f"{each.method} {each.path}" for each in ENDPOINTS if each.changes}
    assert named | _ADDED_BY_API == changing
    assert all(f"`{endpoint}`): no page does" in _GUIDE.read_text(encoding="utf-8") for endpoint in _ADDED_BY_API)
