"""One call of a directory: who it is by its token, and what it sends. Cookies count for nothing here."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from totrinn.app.api_tokens import judge_token, log_refused_token
from totrinn.app.errors import NotAdmitted, NotAllowed, NotFound, StoreUnavailable
from totrinn.app.token_records import Bearer
from totrinn.core.roles import Right
from totrinn.web.ask import Ask
from totrinn.web.forms import LARGEST_BODY, MOST_FIELDS, BadRequest, read_body
from totrinn.web.messages import Failing
from totrinn.web.routing import Desk
from totrinn.web.scim.answers import Projection, error
from totrinn.web.scim.attributes import Json, Schema, get
from totrinn.web.scim.errors import Detail, ScimRefused, bad

ROOT = "/scim/v2"
LARGEST = 16 * LARGEST_BODY
MOST_ON_A_PAGE = 200
USUALLY_ON_A_PAGE = 100
_BEARER = re.compile(r"bearer +([\w.~+/=-]+)", re.IGNORECASE | re.ASCII)
_TYPES = frozenset({"application/scim+json", "application/json"})
_AGAIN = {"Retry-After": "5"}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_MOST_DIGITS = 9
_SEARCHED = ("attributes", "excludedAttributes", "filter", "startIndex", "count")


@dataclass(frozen=True, slots=True)
class Call:
    """A call by a token that holds, and may provision."""

    ask: Ask
    bearer: Bearer
    body: Json
    query: Mapping[str, str]

    @property
    def base(self) -> str:
        """The address that all addresses of resources begin with."""
        return f"{self.ask.settings.base_url}{ROOT}"

    def projection(self, schema: Schema) -> Projection:
        """Which attributes are asked for."""
        return Projection(self.query.get("attributes", ""), self.query.get("excludedAttributes", ""), schema)

    def searching(self) -> "Call":
        """The same call, as if what its SearchRequest says had stood in the address (RFC 7644 §3.4.3)."""
        said = ((name, get(self.body, name)) for name in _SEARCHED)
        query = {name: _searched(name, value) for name, value in said if value is not None}
        return replace(self, query=query)

    def page(self) -> tuple[int, int]:
        """The first wanted of a list, from 1 on, and how many; what is less than that counts as it (RFC 7644 §3.4.2.4).

        Raises `ScimRefused` for what is no number.
        """
        start = max(1, _number(self.query.get("startIndex", "1")))
        return start, min(MOST_ON_A_PAGE, max(0, _number(self.query.get("count", str(USUALLY_ON_A_PAGE)))))

    def refuse_other_version(self, version: str) -> None:
        """Raises `ScimRefused` (412) when the change was meant for another version (RFC 7644 §3.14)."""
        wanted = self.ask.headers.get("if-match", "")
        if wanted and wanted.strip() != "*" and version not in _tags(wanted):
            raise ScimRefused(412, "The resource has been changed since.")

    def knows(self, version: str) -> bool:
        """Whether the caller has this version already."""
        return version in _tags(self.ask.headers.get("if-none-match", ""))


Answerer = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a path answers, method by method."""

    answerers: Mapping[str, Answerer]

    def methods(self) -> tuple[str, ...]:
        """The methods that it answers."""
        return tuple(self.answerers)

    async def serve(self, desk: Desk, request: Request) -> Response:
        """Answers a request: the token first, then what was sent, then the rest."""
        ask = desk.ask(request)
        try:
            bearer = await run_in_threadpool(_bearer, ask)
        except StoreUnavailable:
            return _unavailable(ask)
        if isinstance(bearer, Response):
            return bearer
        try:
            body = await read_body(request, LARGEST) if ask.method in _WITH_BODY else b""
        except BadRequest as problem:
            return error(problem.status, "The body is too large, or was not sent to its end.")

        def answered(attempt: Ask) -> Response:
            return self._answered(attempt, bearer, body)

        return await run_in_threadpool(desk.attempts, ask, answered, failing=_FAILING)

    def _answered(self, ask: Ask, bearer: Bearer, body: bytes) -> Response:
        answerer = self.answerers.get("GET" if ask.method == "HEAD" else ask.method)
        if answerer is None:
            if not self.answerers:
                return error(404, "There is nothing here.")
            return error(405, "This cannot be done here.", headers={"Allow": ", ".join(self.methods())})
        try:
            return answerer(Call(ask, bearer, _json(ask, body), _query(ask)))
        except ScimRefused as refused:
            return error(refused.status, refused.words, refused.detail)
        except NotAdmitted:
            return _no_token()
        except NotAllowed:
            return _wrong_scope()
        except NotFound:
            return error(404, "There is no such resource.")


def _bearer(ask: Ask) -> Bearer | Response:
    # One that comes twice is none: whoever stands before us may have looked at the other (R70).
    given = ask.headers.getlist("authorization")
    found = _BEARER.fullmatch(given[0].strip()) if len(given) == 1 else None
    bearer = judge_token(ask.services, ask.visitor, found[1]) if found else None
    if bearer is None:
        return _no_token()
    if not bearer.may(Right.PROVISION):
        log_refused_token(ask.services, ask.visitor, bearer, method=ask.method, path=ask.path)
        return _wrong_scope()
    return bearer


def _no_token() -> Response:
    return error(401, "A token that holds is needed.", headers={"WWW-Authenticate": 'Bearer realm="totrinn"'})


def _wrong_scope() -> Response:
    return error(403, "The token was not made for SCIM.")


def _unavailable(_ask: Ask) -> Response:
    return error(503, "The database cannot be reached. Try again in a moment.", headers=_AGAIN)


def _broken(_ask: Ask) -> Response:
    return error(500, "Something went wrong here. Nothing has been changed.")


_FAILING = Failing(_unavailable, _broken)


def _query(ask: Ask) -> Mapping[str, str]:
    """The parameters; one that comes twice is refused (R70)."""
    try:
        pairs = parse_qsl(ask.raw_query, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise bad(Detail.INVALID_SYNTAX, "The parameters cannot be read.") from None
    query = dict(pairs)
    if len(query) != len(pairs) or any("\0" in value for value in query.values()):
        raise bad(Detail.INVALID_SYNTAX, "A parameter comes twice, or has a NUL in it.")
    return query


def _json(ask: Ask, body: bytes) -> Json:
    """The object that was sent. Raises `ScimRefused`; a name that comes twice is refused (R70)."""
    if ask.method not in _WITH_BODY:
        return {}
    if ask.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TYPES:
        raise ScimRefused(415, "Send application/scim+json.")
    try:
        sent = json.loads(body, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise bad(Detail.INVALID_SYNTAX, "This is no JSON that can be read.") from None
    if not isinstance(sent, dict):
        raise bad(Detail.INVALID_SYNTAX, "This is no JSON object.")
    return sent


def _once(pairs: list[tuple[str, Any]]) -> Json:
    names = {name.lower() for name, _ in pairs}
    if len(names) != len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _searched(name: str, value: Any) -> str:
    """Raises `ScimRefused` for what has another form than the RFC gives it."""
    if isinstance(value, list) and name.endswith("ttributes") and all(isinstance(each, str) for each in value):
        return ",".join(value)
    if isinstance(value, int) and not isinstance(value, bool) and name in ("startIndex", "count"):
        return str(value)
    if isinstance(value, str) and name == "filter":
        return value
    raise bad(Detail.INVALID_VALUE, f"{name} has another form.")


def _number(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _MOST_DIGITS:
        raise bad(Detail.INVALID_VALUE, "startIndex and count are numbers.")
    return int(text)


def _tags(header: str) -> frozenset[str]:
    return frozenset(tag.strip() for tag in header.split(",", 20))
