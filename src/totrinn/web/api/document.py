"""`/api/v1/openapi.json`: the API as OpenAPI 3.1 describes it, made of the same table that is served."""

import re
from functools import cache
from typing import Any

import msgspec
from starlette.responses import Response

from totrinn.web.api import BASE
from totrinn.web.api.endpoints import Endpoint, Open
from totrinn.web.api.once import HEADER as IDEMPOTENCY
from totrinn.web.api.problems import STATUS, Code
from totrinn.web.api.rooms import ENDPOINTS
from totrinn.web.api.shapes import ProblemShape
from totrinn.web.ask import Ask

PATH = "/openapi.json"
_PROBLEM_TYPE, _JSON = "application/problem+json", "application/json"
_ANYWHERE = (Code.TWO_CREDENTIALS, Code.INVALID_TOKEN, Code.NOT_ALLOWED, Code.UNAVAILABLE)
_OF_BODIES = (Code.BAD_JSON, Code.TOO_LARGE, Code.WRONG_TYPE, Code.WRONG_SHAPE)
_REFERENCE = "#/components/schemas/{name}"


def show(_: Ask) -> Response:
    """The document."""
    return Response(_encoded(), media_type=_JSON)


@cache
def document() -> dict[str, Any]:
    """The document, as plain values."""
    shapes = _shapes()
    schemas, components = msgspec.json.schema_components(shapes, ref_template=_REFERENCE)
    by_shape = {id(shape): schema for shape, schema in zip(shapes, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(BASE + endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, by_shape, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Totrinn", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-totrinn"},
            },
        },
    }


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(document())


def _shapes() -> tuple[Any, ...]:
    found: dict[int, Any] = {id(ProblemShape): ProblemShape}
    for endpoint in ENDPOINTS:
        found |= {id(each): each for each in (endpoint.body, endpoint.query, endpoint.answer) if each is not None}
    return tuple(found.values())


def _operation(endpoint: Endpoint, by_shape: dict[int, Any], components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.says,
        "operationId": endpoint.handler.__module__.rpartition(".")[2] + "_" + endpoint.handler.__name__,
        "description": f"Demands {endpoint.demand}.",
        "security": [{"session": []}, *([{"token": []}] if endpoint.scopes else [])],
        "parameters": _parameters(endpoint, by_shape, components),
        "responses": _responses(endpoint, by_shape),
    }
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": by_shape[id(endpoint.body)]}}}
    return operation


def _parameters(endpoint: Endpoint, by_shape: dict[int, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", endpoint.path)
    ]
    if endpoint.query is not None:
        schema = components[by_shape[id(endpoint.query)]["$ref"].rpartition("/")[2]]
        found += [
            {"name": name, "in": "query", "required": False, "schema": _of_query(each)}
            for name, each in schema["properties"].items()
        ]
    if endpoint.method == "POST":
        found.append({"name": IDEMPOTENCY, "in": "header", "required": False, "schema": _key()})
    return found


def _of_query(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is not sent is absent, never null."""
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return choices[0] if choices else {name: value for name, value in schema.items() if name != "default"}


def _key() -> dict[str, Any]:
    return {"type": "string", "pattern": "^[!-~]{1,200}$"}


def _responses(endpoint: Endpoint, by_shape: dict[int, Any]) -> dict[str, Any]:
    codes: list[Code] = [*_ANYWHERE, *endpoint.problems]
    if endpoint.changes:
        codes += [Code.FROM_ELSEWHERE, *_OF_BODIES]
    if endpoint.query is not None or not endpoint.changes:
        codes.append(Code.BAD_QUERY)
    if "{" in endpoint.path:
        codes.append(Code.NOT_FOUND)
    if endpoint.method == "POST":
        codes += [Code.BAD_KEY, Code.KEY_USED, Code.UNDER_WAY, *([Code.ANSWERED_ONCE] if endpoint.answers_once else [])]
    if not endpoint.scopes:
        codes.append(Code.PERSON_NEEDED)
    elif endpoint.scopes:
        codes.append(Code.INSUFFICIENT_SCOPE)
    by_status: dict[int, list[str]] = {}
    for code in sorted(set(codes)):
        by_status.setdefault(STATUS[code], []).append(code.value)
    problem = {_PROBLEM_TYPE: {"schema": by_shape[id(ProblemShape)]}}
    refusals = {
        str(status): {"description": ", ".join(names), "content": problem}
        for status, names in sorted(by_status.items())
    }
    done: dict[str, Any] = {"description": "Done."}
    if endpoint.answer is not None:
        done["content"] = {_JSON: {"schema": by_shape[id(endpoint.answer)]}}
    return {str(endpoint.status if endpoint.answer is not None else 204): done, **refusals}


OPEN = (Open(PATH, "This API, as OpenAPI 3.1 describes it.", show),)
