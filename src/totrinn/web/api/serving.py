"""From a request under `/api/v1` to its answer: who calls, what is demanded, what was sent, in one hop to a thread.

Nothing is reachable that does not stand in `ENDPOINTS`, or is open to all and says so.
"""

import re
from dataclasses import dataclass
from typing import Any

import msgspec
from anyio import to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from totrinn.app.errors import NotAdmitted, NotAllowed, NotFound, OwnCredentialsNeeded
from totrinn.app.judging import Actor
from totrinn.web.admission import SAFE_METHODS, to_login
from totrinn.web.api import BASE
from totrinn.web.api.calling import caller_of, refuse_forged, refuse_right, refused
from totrinn.web.api.document import OPEN
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.once import once
from totrinn.web.api.problems import FAILING, Code, busy, problem
from totrinn.web.api.reading import read_json, read_parameters
from totrinn.web.api.rooms import ENDPOINTS
from totrinn.web.ask import Ask
from totrinn.web.forms import LARGEST_BODY, BadRequest, read_body
from totrinn.web.routing import MOST_WAITING_FOR_THREADS, ROUTE, Desk

_UNREADABLE = {413: Code.TOO_LARGE, 400: Code.BAD_JSON}


@dataclass(frozen=True, slots=True)
class _Place:
    """One path, and what is done there by which method."""

    path: str
    pattern: re.Pattern[str]
    methods: dict[str, Endpoint]


def _places() -> tuple[_Place, ...]:
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return tuple(
        _Place(path, re.compile(BASE + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), methods)
        for path, methods in by_path.items()
    )


_PLACES = _places()
_OPEN = {BASE + each.path: each for each in OPEN}


async def serve(request: Request, desk: Desk) -> Response:
    """Answers one request."""
    ask = desk.ask(request)
    place, ask.params = _place_of(ask.path)
    request.scope[ROUTE] = BASE + place.path if place else ask.path if ask.path in _OPEN else f"{BASE}/{{path}}"
    endpoint = place.methods.get(ask.method) if place else None
    body, problem_of_body = b"", None
    if ask.method not in SAFE_METHODS:
        try:
            largest = await desk.largest_body(ask, endpoint.largest_body) if endpoint else LARGEST_BODY
            body = await read_body(request, largest)
        except BadRequest as error:
            problem_of_body = _UNREADABLE[error.status]
    if to_thread.current_default_thread_limiter().statistics().tasks_waiting >= MOST_WAITING_FOR_THREADS:
        return ask.finish(FAILING.unavailable(ask))

    def answered(attempt: Ask) -> Response:
        return _answer(attempt, place, body, problem_of_body)

    if endpoint is not None and endpoint.calls_out:
        return await desk.calling_out(ask, answered, failing=FAILING, busy=busy)
    return await run_in_threadpool(desk.attempts, ask, answered, failing=FAILING)


def _place_of(path: str) -> tuple[_Place | None, dict[str, str]]:
    for place in _PLACES:
        found = place.pattern.fullmatch(path)
        if found is not None:
            return place, found.groupdict()
    return None, {}


def _answer(ask: Ask, place: _Place | None, body: bytes, problem_of_body: Code | None) -> Response:
    open_to_all = _OPEN.get(ask.path)
    if open_to_all is not None and ask.method in ("GET", "HEAD"):
        return open_to_all.handler(ask)
    caller = caller_of(ask)
    if isinstance(caller, Response):
        return caller
    slug = ask.params.get("slug") if place and place.path.startswith("/organisations/") else None
    if place is None or slug not in (None, caller.organisation.slug):
        return problem(ask, Code.NOT_FOUND)
    endpoint = place.methods.get("GET" if ask.method == "HEAD" else ask.method)
    if endpoint is None:
        response = problem(ask, Code.WRONG_METHOD)
        response.headers["Allow"] = ", ".join(place.methods)
        return response
    refusal = (refuse_forged(ask, caller) if endpoint.changes else None) or refuse_right(ask, caller, endpoint)
    if refusal is not None:
        return refusal
    if problem_of_body is not None:
        return problem(ask, problem_of_body)
    return _asked(Call(ask, caller), endpoint, body)


def _asked(call: Call, endpoint: Endpoint, body: bytes) -> Response:
    ask = call.ask
    query, kind = read_parameters(ask.raw_query, endpoint.query, ask.language), ask.headers.get("content-type", "")
    sent = read_json(body, kind, endpoint.body, ask.language) if endpoint.changes else None
    for read in (query, sent):
        if isinstance(read, Problem):
            return problem(ask, read.code, **read.more)
    asked = Call(ask, call.caller, _value(sent), _value(query))
    try:
        return once(asked, endpoint, body, lambda: _said(asked, endpoint))
    except NotAdmitted:
        return to_login(ask) if isinstance(call.caller, Actor) else problem(ask, Code.INVALID_TOKEN)
    except NotAllowed:
        return refused(ask, call.caller, endpoint)
    except OwnCredentialsNeeded:
        return problem(ask, Code.OWN_CREDENTIALS)
    except NotFound:
        return problem(ask, Code.NOT_FOUND)


def _value(read: Any) -> Any:
    return None if read is None else read.value


def _said(call: Call, endpoint: Endpoint) -> Response:
    outcome = endpoint.handler(call)
    if isinstance(outcome, Problem):
        return problem(call.ask, outcome.code, title=outcome.title, **outcome.more)
    return _response(outcome, endpoint)


def _response(done: Done, endpoint: Endpoint) -> Response:
    if endpoint.answer is None:
        response = Response(status_code=204)
    else:
        response = Response(msgspec.json.encode(done.answer), endpoint.status, media_type="application/json")
    if done.etag is not None:
        response.headers["ETag"] = f'"{done.etag}"'
    return response
