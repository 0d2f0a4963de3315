"""Who gets how far on which route: everybody tries all of them, of their own and of another organisation.

`python -m tests.authorisation.matrix` writes what came of it beside this file, where a change of it shows.
"""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message

from tests.authorisation.house import EVERY_TOKEN, OTHER, OWN, Caller, Furnished, furnished, services_in
from tests.web.house import PASSWORD, SETTINGS
from totrinn.web.api.rooms import ENDPOINTS
from totrinn.web.application import create, route_table

FILE = Path(__file__).parent / "matrix.txt"
_STEPS = {
    "/login": "sign in",
    "/login/enrol": "enrol",
    "/login/two-factor": "verify",
    "/choose-organisation": "choose",
}
_LEAD = """Who gets how far on which route, by an answer's status. Of `own`: all in the address is of the caller's own
organisation; of `other`: of another. 303 to a step of signing in names the step. What is wrong with an empty form or
body is told only to who got past admission. Written by `make update-docs`.
"""


@dataclass(frozen=True, slots=True)
class Route:
    """A route by one method, tried with things of one's own organisation or of another."""

    method: str
    path: str
    whose: str

    def address(self, caller: Caller, ids: dict[str, dict[str, str]]) -> str:
        """Where this caller finds it."""
        of_customer = "/vendor/" in self.path
        own = OWN if of_customer else caller.organisation
        slug = own if self.whose == OWN else OTHER
        things = ids[OWN if self.whose == OWN else OTHER]

        def value(found: re.Match[str]) -> str:
            if found["name"] == "slug":
                return slug
            before = self.path[: found.start()].rstrip("/").rpartition("/")[2]
            return things.get(found["name"]) or things.get(before) or "00000000-0000-7000-8000-000000000000"

        return re.sub(r"\{(?P<name>\w+)(?::\w+)?\}", value, self.path)


def routes() -> Iterator[Route]:
    """Every route, of one's own; and of another organisation, where that can be said."""
    for route in route_table():
        for method in route.methods:
            yield Route(method, route.path, OWN)
            if "{" in route.path or method != "GET":
                yield Route(method, route.path, OTHER)


def matrix(of: Furnished) -> str:
    """What came of everybody's trying everything."""
    application = create(of.forgetful, SETTINGS)
    return asyncio.run(_tried(application, of))


async def _tried(application: ASGIApp, of: Furnished) -> str:
    blocks: dict[tuple[str, str], list[str]] = {}
    for route in routes():
        outcomes: dict[str, list[str]] = {}
        for caller in of.callers:
            outcome = await _outcome(application, route, caller, of.ids)
            outcomes.setdefault(outcome, []).append(caller.name)
        rest = _rest(outcomes, of)
        lines = [
            f"    {outcome:<12} {_named(names, of, rest if outcome == rest.outcome else None)}"
            for outcome, names in sorted(outcomes.items())
        ]
        blocks.setdefault((route.method, route.path), []).append("\n".join([f"  {route.whose}", *lines]))
    said = (f"{method} {path}\n{_together(tables)}" for (method, path), tables in blocks.items())
    return _LEAD + "\n" + "\n\n".join(said) + "\n"


def _together(tables: list[str]) -> str:
    """Both tables; once, where own and other are alike."""
    first, *others = (table.partition("\n") for table in tables)
    if others and others[0][2] == first[2]:
        return f"  own, other\n{first[2]}"
    return "\n".join(tables)


@dataclass(frozen=True, slots=True)
class _Rest:
    """The tokens that fare as most tokens do, where not all fare alike."""

    outcome: str
    tokens: frozenset[str]


def _rest(outcomes: dict[str, list[str]], of: Furnished) -> _Rest:
    tokens = frozenset(of.kinds()[EVERY_TOKEN])
    outcome = max(outcomes, key=lambda each: len(tokens.intersection(outcomes[each])))
    return _Rest(outcome, tokens.intersection(outcomes[outcome]))


def _named(names: list[str], of: Furnished, rest: _Rest | None) -> str:
    """The callers; those of a kind together where all of them fare alike."""
    if len(names) == len(of.callers):
        return "everybody"
    kinds = of.kinds()
    if rest is not None and len(rest.tokens) < len(kinds[EVERY_TOKEN]):
        kinds["every other token"] = sorted(rest.tokens, key=names.index)
    left = list(names)
    for kind, all_of_it in kinds.items():
        if set(all_of_it) <= set(left):
            left[left.index(all_of_it[0])] = kind
            left = [name for name in left if name not in all_of_it]
    return ", ".join(left)


async def _outcome(application: ASGIApp, route: Route, caller: Caller, ids: dict[str, dict[str, str]]) -> str:
    headers, fields = dict(caller.headers), dict(caller.fields)
    if route.whose == OTHER and "organisation" in fields:
        fields["organisation"] = OTHER
    body = b""
    if route.method != "GET":
        kind, body = _sent(route, fields)
        headers["content-type"] = kind
    status, found = await _asked(application, route.method, route.address(caller, ids), headers, body)
    location = found.get("location", "").partition("?")[0]
    return f"{status} {_STEPS[location]}" if status == 303 and location in _STEPS else str(status)


def _sent(route: Route, fields: dict[str, str]) -> tuple[str, bytes]:
    """As little as the route takes: a form with what every form carries, or an empty object where there is a body."""
    if route.path.startswith("/scim/"):
        return "application/scim+json", b"" if route.method == "DELETE" else b"{}"
    if not route.path.startswith("/api/"):
        return "application/x-www-form-urlencoded", urlencode(fields).encode()
    path = route.path.removeprefix("/api/v1")
    has_body = any(each.body for each in ENDPOINTS if (each.method, each.path) == (route.method, path))
    return "application/json", b"{}" if has_body else b""


async def _asked(
    application: ASGIApp, method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, str]]:
    """One request, and the status and headers of its answer."""
    answered: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        answered.append(message)

    raw = {**headers, "host": "localhost:8700"}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in raw.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("localhost", 8700),
        "state": {},
    }
    await application(scope, receive, send)
    start = answered[0]
    return int(start["status"]), {name.decode(): value.decode() for name, value in start["headers"]}


def main() -> None:
    """Writes the file."""
    with tempfile.TemporaryDirectory() as folder:
        services = services_in(Path(folder))
        FILE.write_text(matrix(furnished(services, services.passwords.hash(PASSWORD))), encoding="utf-8")


if __name__ == "__main__":
    main()
