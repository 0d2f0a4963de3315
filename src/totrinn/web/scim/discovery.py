"""What this service can do, and what its resources look like (RFC 7643 §5 to §7), told from the one table."""

from typing import Any

from starlette.responses import Response

from totrinn.app.errors import NotFound
from totrinn.web.scim.answers import answer, listed, without_empty
from totrinn.web.scim.attributes import GROUPS, USERS, Attribute, Json, Schema, Type
from totrinn.web.scim.call import MOST_ON_A_PAGE, Call
from totrinn.web.scim.errors import ScimRefused

_SCHEMAS = (USERS, GROUPS)
_CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"


def config(call: Call) -> Response:
    """Which parts of the protocol there are."""
    _refuse_filter(call)
    return answer(
        {
            "schemas": [_CONFIG],
            "patch": {"supported": True},
            "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": True, "maxResults": MOST_ON_A_PAGE},
            "changePassword": {"supported": False},
            "sort": {"supported": False},
            "etag": {"supported": True},
            "authenticationSchemes": [
                {
                    "type": "oauthbearertoken",
                    "name": "Token",
                    "description": "A token of the organisation with the scope scim.",
                    "specUri": "https://www.rfc-editor.org/info/rfc6750",
                    "primary": True,
                }
            ],
            "meta": {"resourceType": "ServiceProviderConfig", "location": f"{call.base}/ServiceProviderConfig"},
        }
    )


def resource_types(call: Call) -> Response:
    """The kinds of resources."""
    return _all(call, [_type(call, schema) for schema in _SCHEMAS])


def resource_type(call: Call) -> Response:
    """One of them."""
    return _one(call, {schema.name: _type(call, schema) for schema in _SCHEMAS})


def schemas(call: Call) -> Response:
    """What they consist of."""
    return _all(call, [_shape(call, schema) for schema in _SCHEMAS])


def schema(call: Call) -> Response:
    """One of them."""
    return _one(call, {schema.id: _shape(call, schema) for schema in _SCHEMAS})


def not_everywhere(_call: Call) -> Response:
    """One kind of resource is searched at a time."""
    raise ScimRefused(501, "Search /Users or /Groups.")


def _all(call: Call, resources: list[Json]) -> Response:
    _refuse_filter(call)
    return answer(listed(resources, total=len(resources), start=1))


def _one(call: Call, resources: dict[str, Json]) -> Response:
    _refuse_filter(call)
    found = resources.get(call.ask.params["id"])
    if found is None:
        raise NotFound(call.ask.params["id"])
    return answer(found)


def _refuse_filter(call: Call) -> None:
    """A filter is refused here (RFC 7644 §4)."""
    if "filter" in call.query:
        raise ScimRefused(403, "There is nothing to filter here.")


def _type(call: Call, schema: Schema) -> Json:
    return {
        "schemas": [_RESOURCE_TYPE],
        "id": schema.name,
        "name": schema.name,
        "description": schema.description,
        "endpoint": f"/{schema.name}s",
        "schema": schema.id,
        "meta": {"resourceType": "ResourceType", "location": f"{call.base}/ResourceTypes/{schema.name}"},
    }


def _shape(call: Call, schema: Schema) -> Json:
    return {
        "schemas": [_SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": [_attribute(each) for each in schema.attributes],
        "meta": {"resourceType": "Schema", "location": f"{call.base}/Schemas/{schema.id}"},
    }


def _attribute(attribute: Attribute) -> Json:
    shown: dict[str, Any] = {
        "name": attribute.name,
        "type": attribute.type.value,
        "multiValued": attribute.is_many,
        "description": attribute.description,
        "required": attribute.is_required,
        "mutability": attribute.mutability.value,
        "returned": attribute.returned,
        "uniqueness": attribute.uniqueness,
    }
    if attribute.type in (Type.STRING, Type.REFERENCE):
        shown["caseExact"] = attribute.is_exact
    lists = {
        "canonicalValues": list(attribute.canonical),
        "referenceTypes": list(attribute.references),
        "subAttributes": [_attribute(sub) for sub in attribute.subs],
    }
    return shown | without_empty(lists)
