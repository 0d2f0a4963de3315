"""What is sent back to a directory: resources, lists and refusals, in the form of RFC 7644."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from totrinn.web.scim.attributes import Attribute, Json, Schema
from totrinn.web.scim.errors import Detail, bad

MEDIA_TYPE = "application/scim+json"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
MOST_NAMED = 50


def answer(body: Json, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON object."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, headers={"Cache-Control": "no-store", **(headers or {})}, media_type=MEDIA_TYPE)


def error(
    status: int, words: str, detail: Detail | None = None, *, headers: Mapping[str, str] | None = None
) -> Response:
    """A refusal (RFC 7644 §3.12)."""
    told = {"scimType": detail.value} if detail else {}
    return answer({"schemas": [ERROR], "status": str(status), **told, "detail": words}, status, headers=headers)


def listed(resources: Sequence[Json], *, total: int, start: int) -> Json:
    """One page of a list (RFC 7644 §3.4.2)."""
    return {
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": list(resources),
    }


def without_empty(resource: Json) -> Json:
    """The resource without what has no value (RFC 7643 §2.5)."""
    return {name: value for name, value in resource.items() if value not in (None, "", [], {})}


def version_of(resource: Json) -> str:
    """A weak ETag that differs whenever anything in the resource does."""
    content = json.dumps(resource, sort_keys=True).encode()
    return f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'


class Projection:
    """Which attributes are asked for, by `attributes` and `excludedAttributes` (RFC 7644 §3.9)."""

    def __init__(self, wanted: str, excluded: str, schema: Schema) -> None:
        """Raises `ScimRefused` when both are given."""
        if wanted and excluded:
            raise bad(Detail.INVALID_VALUE, "Use either attributes or excludedAttributes.")
        self._schema = schema
        self._wanted = self._names(wanted)
        self._excluded = self._names(excluded)

    def has(self, name: str) -> bool:
        """Whether the attribute, or a part of it, is asked for."""
        lower = name.lower()
        if self._wanted:
            return any(each.partition(".")[0] == lower for each in self._wanted)
        return lower not in self._excluded

    def of(self, resource: Json) -> Json:
        """What is asked for of a resource."""
        if not self._wanted and not self._excluded:
            return resource
        shown: Json = {}
        for name, value in resource.items():
            attribute = self._schema.by_name[name.lower()]
            if attribute.returned == "always":
                shown[name] = value
            elif self.has(name):
                shown[name] = self._parts(value, attribute)
        return without_empty(shown)

    def _parts(self, value: Any, attribute: Attribute) -> Any:
        if isinstance(value, list):
            return [part for each in value if (part := self._parts(each, attribute))]
        if not isinstance(value, dict):
            return value
        name = attribute.name.lower()
        if self._wanted and name not in self._wanted:
            return {part: kept for part, kept in value.items() if f"{name}.{part.lower()}" in self._wanted}
        return {part: kept for part, kept in value.items() if f"{name}.{part.lower()}" not in self._excluded}

    def _names(self, text: str) -> frozenset[str]:
        prefix = self._schema.id.lower() + ":"
        names = [name.strip().lower().removeprefix(prefix) for name in text.split(",", MOST_NAMED)]
        if len(names) > MOST_NAMED:
            raise bad(Detail.INVALID_VALUE, "Too many attributes are named.")
        return frozenset(name for name in names if name)
