"""Reading what a program sends: JSON of exactly the declared shape, each name once, and a query likewise (R48, R70)."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from totrinn.web.api.endpoints import Problem
from totrinn.web.api.problems import Code

LARGEST_BODY = 64 * 1024
MOST_PARAMETERS = 20
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<number>\d+)\]")


class NamedTwice(ValueError):
    """An object that names something twice: one reader would take the first, another the last."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was sent, in its shape."""

    value: Any


def read_json(body: bytes, content_type: str, shape: Any) -> Read | Problem:
    """The body in its shape; where none is declared there may be none."""
    if shape is None:
        return Problem(Code.BAD_JSON) if body else Read(None)
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return Problem(Code.WRONG_TYPE)
    try:
        json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
        if b"\\u0000" in body:
            return Problem(Code.BAD_JSON)
        return Read(msgspec.json.decode(body, type=shape))
    except msgspec.ValidationError as error:
        return Problem(Code.WRONG_SHAPE, {"errors": [_error(str(error))]})
    except (ValueError, RecursionError):
        return Problem(Code.BAD_JSON)


def read_parameters(raw: str, shape: Any) -> Read | Problem:
    """The query in its shape; a parameter that is not declared is refused."""
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return Problem(Code.BAD_QUERY)
    found = dict(pairs)
    if len(found) != len(pairs) or any("\0" in value for value in found.values()):
        return Problem(Code.BAD_QUERY)
    if shape is None:
        return Problem(Code.BAD_QUERY) if found else Read(None)
    try:
        return Read(msgspec.convert(found, shape, strict=False))
    except msgspec.ValidationError as error:
        return Problem(Code.BAD_QUERY, {"errors": [_error(str(error))]})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NamedTwice
    return found


def _no_number(text: str) -> float:
    raise ValueError(text)


def _error(said: str) -> dict[str, str]:
    """What is wrong, and where, as a JSON pointer (RFC 6901)."""
    what, _, path = said.partition(" - at `$")
    names = (step["name"] or step["number"] for step in _STEP.finditer(path.rstrip("`")))
    return {"pointer": "".join(f"/{name}" for name in names), "detail": what}
