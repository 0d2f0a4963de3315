"""Reading what a program sends: JSON of exactly the declared shape, each name once, and a query likewise (R48, R70)."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from totrinn.web.api.endpoints import Problem
from totrinn.web.api.faults import faults_of, faults_of_query
from totrinn.web.api.problems import Code
from totrinn.web.languages import Language

MOST_PARAMETERS = 20


class NamedTwice(ValueError):
    """An object that names something twice: one reader would take the first, another the last."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was sent, in its shape."""

    value: Any


def read_json(body: bytes, content_type: str, shape: Any, language: Language) -> Read | Problem:
    """The body in its shape; where none is declared there may be none."""
    if shape is None:
        return Problem(Code.BAD_JSON) if body else Read(None)
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return Problem(Code.WRONG_TYPE)
    try:
        plain = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
        if b"\\u0000" in body:
            return Problem(Code.BAD_JSON)
        return Read(msgspec.json.decode(body, type=shape))
    except msgspec.ValidationError:
        return Problem(Code.WRONG_SHAPE, {"errors": [each.told(language) for each in faults_of(plain, shape)]})
    except (ValueError, RecursionError):
        return Problem(Code.BAD_JSON)


def read_parameters(raw: str, shape: Any, language: Language) -> Read | Problem:
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
    except msgspec.ValidationError:
        return Problem(Code.BAD_QUERY, {"errors": [each.told(language) for each in faults_of_query(found, shape)]})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NamedTwice
    return found


def _no_number(text: str) -> float:
    raise ValueError(text)
