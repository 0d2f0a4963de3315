"""A POST under an `Idempotency-Key` is done once: whoever repeats it within a day is told what became of it.

The key is taken by one statement before anything is done, so that of parallel requests one is done. What is refused
gives the key back; where it is not known what became of a request, the key stays taken.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta

from starlette.responses import Response

from totrinn.app.errors import NotAdmitted, NotAllowed, NotFound, OwnCredentialsNeeded, StoreCollided
from totrinn.app.judging import Actor
from totrinn.web.api.endpoints import Call, Endpoint
from totrinn.web.api.problems import Code, problem

KEPT = timedelta(hours=24)
HEADER = "idempotency-key"
_LONGEST = 200
_NOTHING_DONE = (NotAdmitted, NotAllowed, NotFound, OwnCredentialsNeeded, StoreCollided)


def once(call: Call, endpoint: Endpoint, body: bytes, work: Callable[[], Response]) -> Response:
    """The answer of the work, which is done at most once under the caller's key, if one is given."""
    given = call.ask.headers.getlist(HEADER)
    if not given or endpoint.method != "POST":
        return work()
    if len(given) > 1 or not (0 < len(given[0]) <= _LONGEST and given[0].isprintable()):
        return problem(call.ask, Code.BAD_KEY)
    caller, key = _caller(call), hashlib.sha256(given[0].encode()).digest()
    request = hashlib.sha256(f"{call.ask.path}\n".encode() + body).digest()
    with call.services.store.writing() as unit:
        now = call.visitor.now
        is_first = unit.repeated_requests.begin(caller, key, request, now=now, forget_before=now - KEPT)
    return _first(call, endpoint, caller, key, work) if is_first else _again(call, caller, key, request)


def _first(call: Call, endpoint: Endpoint, caller: str, key: bytes, work: Callable[[], Response]) -> Response:
    try:
        response = work()
    except _NOTHING_DONE:
        _give_up(call, caller, key)
        raise
    if response.status_code >= 400:
        _give_up(call, caller, key)
        return response
    answer = None if endpoint.answers_once else bytes(response.body)
    with call.services.store.writing() as unit:
        unit.repeated_requests.finish(caller, key, status=response.status_code, answer=answer)
    return response


def _again(call: Call, caller: str, key: bytes, request: bytes) -> Response:
    with call.services.store.reading() as unit:
        known = unit.repeated_requests.find(caller, key)
    if known is None or (known.status is None and known.request == request):
        return problem(call.ask, Code.UNDER_WAY)
    if known.request != request:
        return problem(call.ask, Code.KEY_USED)
    if known.answer is None or known.status is None:
        return problem(call.ask, Code.ANSWERED_ONCE)
    response = Response(known.answer, known.status, media_type="application/json" if known.answer else None)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _give_up(call: Call, caller: str, key: bytes) -> None:
    with call.services.store.writing() as unit:
        unit.repeated_requests.give_up(caller, key)


def _caller(call: Call) -> str:
    caller = call.caller
    return f"{caller.person.id} {caller.organisation.id}" if isinstance(caller, Actor) else f"token:{caller.token.id}"
