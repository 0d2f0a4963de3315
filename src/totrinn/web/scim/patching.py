"""Changes by PATCH (RFC 7644 §3.5.2): each operation makes a new resource out of the one before; nothing is evaluated.

What comes out is judged as if it had been sent whole. Attributes that are not kept here are passed over, as directories
send whatever they have.
"""

from collections.abc import Mapping
from typing import Any

from totrinn.web.scim.attributes import LONGEST_TEXT, Attribute, Json, Mutability, Schema, Type, get, is_plain
from totrinn.web.scim.errors import Detail, bad
from totrinn.web.scim.filters import All, Comparison, Condition, Effort, Place, fits, read_path

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOST_OPERATIONS = 100
_TRUTH = {"true": True, "false": False}


def patched(body: Json, resource: Json, schema: Schema) -> Json:
    """The resource after all operations. Raises `ScimRefused`."""
    schemas, operations = get(body, "schemas"), get(body, "Operations")
    if not isinstance(schemas, list) or PATCH not in schemas or not isinstance(operations, list) or not operations:
        raise bad(Detail.INVALID_SYNTAX, "This is no PatchOp message.")
    if len(operations) > MOST_OPERATIONS:
        raise bad(Detail.TOO_MANY, f"At most {MOST_OPERATIONS} operations are taken at once.")
    effort = Effort()
    for operation in operations:
        if not isinstance(operation, dict):
            raise bad(Detail.INVALID_SYNTAX, "An operation is no object.")
        resource = _after(operation, resource, schema, effort)
    return resource


def _after(operation: Json, resource: Json, schema: Schema, effort: Effort) -> Json:
    verb, path, value = get(operation, "op"), get(operation, "path"), get(operation, "value")
    verb = verb.lower() if isinstance(verb, str) else ""
    if verb not in ("add", "replace", "remove"):
        raise bad(Detail.INVALID_SYNTAX, "An operation is one of add, replace and remove.")
    if path:
        if not isinstance(path, str):
            raise bad(Detail.INVALID_PATH, "A path is text.")
        return _changed(verb, _place(path, schema, resource, effort), value, resource, schema)
    if verb == "remove":
        raise bad(Detail.NO_TARGET, "Say by a path what to remove.")
    if not isinstance(value, dict):
        raise bad(Detail.INVALID_VALUE, "Without a path, the value is an object.")
    for name, part in value.items():
        if name.lower() != "schemas" and not _is_extension(name, part):
            resource = _changed(verb, _place(name, schema, resource, effort), part, resource, schema)
    return resource


def _place(path: str, schema: Schema, resource: Json, effort: Effort) -> Place:
    place = read_path(path, schema)
    attribute = schema.by_name.get(place.name)
    if attribute is not None and (place.where or place.sub) and not _is_by_value(place.where, attribute):
        effort.spend(Comparison(place, "pr"), resource)
    return place


def _is_extension(name: str, part: Any) -> bool:
    return name.lower().startswith("urn:") and isinstance(part, dict)


def _changed(verb: str, place: Place, value: Any, resource: Json, schema: Schema) -> Json:
    attribute = schema.by_name.get(place.name)
    if attribute is None:
        return resource
    sub = attribute.by_name.get(place.sub) if place.sub else None
    if place.sub and sub is None:
        return resource
    if place.where is not None and not attribute.is_many:
        raise bad(Detail.INVALID_PATH, f"{attribute.name} has one value only.")
    if Mutability.READ_ONLY in (attribute.mutability, sub.mutability if sub else None):
        raise bad(Detail.MUTABILITY, f"{attribute.name} cannot be changed.")
    if verb == "remove" and attribute.is_required and not place.sub:
        raise bad(Detail.MUTABILITY, f"{attribute.name} cannot be removed.")
    if attribute.is_many:
        after: Any = _many(verb, place, value, attribute, _values(resource, attribute))
    elif sub is not None:
        after = _with_part(get(resource, attribute.name) or {}, sub, None if verb == "remove" else value)
    else:
        after = None if verb == "remove" else _merged(verb, value, get(resource, attribute.name), attribute)
    return _with(resource, attribute.name, after)


def _many(verb: str, place: Place, value: Any, attribute: Attribute, before: list[Json]) -> list[Json]:
    chosen = _chosen(place.where, attribute, before)
    sub = attribute.by_name.get(place.sub)
    if verb == "remove":
        return _less(place, value, attribute, before, chosen)
    if place.where is None and sub is None:
        added = [_checked(each, attribute) for each in (value if isinstance(value, list) else [value])]
        if verb == "add":
            named = {each.get("value") for each in added}
            known = {_content(each) for each in before if each.get("value") in named}
            return _one_primary([*before, *(each for each in added if _content(each) not in known)], added)
        return _one_primary_only(added, attribute)
    if not any(chosen):
        if verb == "replace" and before:
            raise bad(Detail.NO_TARGET, f"No value of {attribute.name} is meant by this path.")
        return [*before, _made(place, value, attribute)]
    changed = [
        _with_part(each, sub, value) if sub is not None else {**each, **_checked(value, attribute)}
        for each, is_chosen in zip(before, chosen, strict=True)
        if is_chosen
    ]
    rest = [each for each, is_chosen in zip(before, chosen, strict=True) if not is_chosen]
    return _one_primary([*rest, *changed], changed)


def _chosen(where: Condition | None, attribute: Attribute, values: list[Json]) -> list[bool]:
    """Which of the values are meant. Of the members of a large group one is found without much ado."""
    if isinstance(where, Comparison) and _is_by_value(where, attribute):
        return [each.get("value") == where.value for each in values]
    return [where is None or fits(where, each, attribute.by_name) for each in values]


def _is_by_value(where: Condition | None, attribute: Attribute) -> bool:
    """Whether it is the plain `value eq "…"` of exact values, which costs next to nothing."""
    value = attribute.by_name.get("value")
    is_plain_one = isinstance(where, Comparison) and (where.place, where.operator) == (Place("value"), "eq")
    return is_plain_one and value is not None and value.is_exact


def _content(value: Json) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(value.items()))


def _less(place: Place, value: Any, attribute: Attribute, before: list[Json], chosen: list[bool]) -> list[Json]:
    """What is left after a removal: of parts, of values that were chosen, or of those that were named."""
    if place.sub:
        sub = attribute.by_name[place.sub]
        return [
            _with_part(each, sub, None) if is_chosen else each
            for each, is_chosen in zip(before, chosen, strict=True)
        ]  # fmt: skip
    if place.where is None and value:
        named = {_checked(each, attribute).get("value") for each in (value if isinstance(value, list) else [value])}
        return [each for each in before if each.get("value") not in named]
    if place.where is not None and not any(chosen):
        raise bad(Detail.NO_TARGET, f"No value of {attribute.name} is meant by this path.")
    return [each for each, is_chosen in zip(before, chosen, strict=True) if not is_chosen]


def _made(place: Place, value: Any, attribute: Attribute) -> Json:
    """A new value that fits what was to choose among the old ones: `emails[type eq "work"].value`."""
    made = dict(_equalities(place.where, attribute))
    sub = attribute.by_name.get(place.sub)
    return _with_part(made, sub, value) if sub is not None else {**made, **_checked(value, attribute)}


def _equalities(condition: Condition | None, attribute: Attribute) -> list[tuple[str, Any]]:
    parts = condition.conditions if isinstance(condition, All) else (condition,) if condition else ()
    found = []
    for part in parts:
        if not isinstance(part, Comparison) or part.operator != "eq":
            raise bad(Detail.NO_TARGET, f"No value of {attribute.name} is meant by this path.")
        sub = attribute.by_name.get(part.place.name)
        if sub is not None:
            found.append((sub.name, checked(part.value, sub)))
    return found


def _merged(verb: str, value: Any, before: Any, attribute: Attribute) -> Any:
    after = checked(value, attribute)
    if attribute.type is Type.COMPLEX and isinstance(after, dict) and isinstance(before, dict) and verb == "add":
        return {**before, **after}
    return after


def _one_primary(values: list[Json], newer: list[Json]) -> list[Json]:
    """Of several values that are primary the newest is (RFC 7644 §3.5.2)."""
    chosen = next((each for each in reversed(newer) if each.get("primary") is True), None)
    if chosen is None:
        return values
    return [{**each, "primary": False} if each.get("primary") and each != chosen else each for each in values]


def _with_part(whole: Mapping[str, Any], sub: Attribute, value: Any) -> Json:
    return _with(dict(whole), sub.name, None if value is None else checked(value, sub))


def _with(whole: Json, name: str, value: Any) -> Json:
    rest = {key: old for key, old in whole.items() if key.lower() != name.lower()}
    return rest if value is None else {**rest, name: value}


def _values(resource: Json, attribute: Attribute) -> list[Json]:
    return [each for each in get(resource, attribute.name) or [] if isinstance(each, dict)]


def _checked(value: Any, attribute: Attribute) -> Json:
    """One value of an attribute that has several; a bare text stands for its `value`."""
    if isinstance(value, str):
        value = {"value": value}
    if not isinstance(value, dict):
        raise bad(Detail.INVALID_VALUE, f"A value of {attribute.name} is an object.")
    return {
        sub.name: checked(part, sub)
        for sub in attribute.subs
        if sub.mutability is not Mutability.READ_ONLY and (part := get(value, sub.name)) is not None
    }


def checked(value: Any, attribute: Attribute) -> Any:
    """The value, if it is of the attribute's type; `"False"` is taken for false, as Entra sends it.

    Parts that are not kept are left out. Raises `ScimRefused` (`invalidValue`).
    """
    if value is None:
        return None
    if attribute.is_many:
        values = value if isinstance(value, list) else [value]
        return _one_primary_only([_checked(each, attribute) for each in values], attribute)
    if attribute.type is Type.COMPLEX:
        if not isinstance(value, dict):
            raise bad(Detail.INVALID_VALUE, f"{attribute.name} is an object.")
        return _checked(value, attribute)
    if attribute.type is Type.BOOLEAN:
        truth = _TRUTH.get(value.lower()) if isinstance(value, str) else value
        if not isinstance(truth, bool):
            raise bad(Detail.INVALID_VALUE, f"{attribute.name} is true or false.")
        return truth
    return _text(value, attribute)


def _one_primary_only(values: list[Json], attribute: Attribute) -> list[Json]:
    if sum(1 for each in values if each.get("primary")) > 1:
        raise bad(Detail.INVALID_VALUE, f"Only one value of {attribute.name} is primary.")
    return values


def _text(value: Any, attribute: Attribute) -> str:
    if not isinstance(value, str):
        raise bad(Detail.INVALID_VALUE, f"{attribute.name} is text.")
    if not is_plain(value):
        raise bad(Detail.INVALID_VALUE, f"{attribute.name} has something in it that is no letter.")
    if len(value) > LONGEST_TEXT:
        raise bad(Detail.INVALID_VALUE, f"{attribute.name} is too long: at most {LONGEST_TEXT} letters.")
    return value
