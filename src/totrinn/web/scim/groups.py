"""`/Groups`: groups of the organisation's directory, with the members who are in them."""

from collections.abc import Callable, Iterable, Iterator

from starlette.responses import Response

from totrinn.app.directory.grouping import WantedGroup, add_group, change_group, known_group, remove_group
from totrinn.app.directory.provisioning import DirectoryObstacle
from totrinn.app.directory.records import DirectoryGroup
from totrinn.app.ports import Unit
from totrinn.web.scim.answers import answer, listed, version_of, without_empty
from totrinn.web.scim.attributes import GROUP, GROUPS, Json, get
from totrinn.web.scim.call import Call
from totrinn.web.scim.errors import Detail, bad
from totrinn.web.scim.filters import Condition, Effort, fits, needed, read_filter
from totrinn.web.scim.patching import checked, patched
from totrinn.web.scim.users import refusal

MOST_LOOKED_AT = 500
_MOST_MEMBERS = 20_000
MOST_TOLD = 50_000
"""So many members of groups are told in one answer."""


def look(call: Call) -> Response:
    """One group."""
    with call.ask.services.store.reading() as unit:
        group = known_group(unit, call.bearer.organisation.id, call.ask.params["id"])
        resource = _resource(call, unit, group)
    if call.knows(_version(group)):
        return Response(status_code=304, headers={"ETag": _version(group)})
    return _answer(call, resource, 200)


def search(call: Call) -> Response:
    """Groups, those of a filter or all, a page at a time."""
    start, count = call.page()
    projection, text = call.projection(GROUPS), call.query.get("filter", "")
    organisation_id = call.bearer.organisation.id
    with call.ask.services.store.reading() as unit:
        if text:
            condition = read_filter(text, GROUPS)
            found = list(_fitting(call, unit, condition))
            total, shown = len(found), found[start - 1 : start - 1 + count]
        else:
            total = unit.groups.count(organisation_id)
            page = unit.groups.page(organisation_id, limit=count, offset=start - 1) if count else ()
            shown = list(_not_too_much(_resource(call, unit, group) for group in page))
    return answer(listed([projection.of(each) for each in shown], total=total, start=start))


def _fitting(call: Call, unit: Unit, condition: Condition) -> Iterator[Json]:
    effort, kept = Effort(), 0
    for group in _candidates(call, unit, condition):
        resource = _resource(call, unit, group)
        effort.spend(condition, resource)
        if fits(condition, resource, GROUPS.by_name):
            kept += len(resource.get("members", ()))
            if kept > MOST_TOLD:
                raise bad(Detail.TOO_MANY, "These groups have too many members. Ask without members, or for one group.")
            yield resource


def _not_too_much(resources: Iterable[Json]) -> Iterator[Json]:
    """As many from the beginning as have no more members than are told at once; a page may be shorter than asked for.

    The first is told however many it has.
    """
    told = 0
    for resource in resources:
        told += len(resource.get("members", ()))
        if told > MOST_TOLD and told > len(resource.get("members", ())):
            return
        yield resource


def add(call: Call) -> Response:
    """A new group."""
    return _outcome(call, add_group(call.ask.services, call.ask.visitor, call.bearer, _wanted(call.body)), 201)


def replace(call: Call) -> Response:
    """A group as it is now described, whole."""
    return _changed(call, lambda _unit, _group: _wanted(call.body))


def change(call: Call) -> Response:
    """A group with some of it changed."""
    return _changed(call, lambda unit, group: _wanted(patched(call.body, _whole(call, unit, group), GROUPS)))


def remove(call: Call) -> Response:
    """The group is gone; its members stay what they are."""

    def look_at(_unit: Unit, group: DirectoryGroup) -> None:
        call.refuse_other_version(_version(group))

    remove_group(call.ask.services, call.ask.visitor, call.bearer, call.ask.params["id"], look_at)
    return Response(status_code=204)


def _changed(call: Call, make: Callable[[Unit, DirectoryGroup], WantedGroup]) -> Response:
    def want(unit: Unit, group: DirectoryGroup) -> WantedGroup:
        call.refuse_other_version(_version(group))
        return make(unit, group)

    services, visitor, group_id = call.ask.services, call.ask.visitor, call.ask.params["id"]
    return _outcome(call, change_group(services, visitor, call.bearer, group_id, want), 200)


def _outcome(call: Call, outcome: DirectoryGroup | DirectoryObstacle, status: int) -> Response:
    if isinstance(outcome, DirectoryObstacle):
        raise refusal(outcome)
    with call.ask.services.store.reading() as unit:
        resource = _resource(call, unit, outcome)
    return _answer(call, resource, status)


def _answer(call: Call, resource: Json, status: int) -> Response:
    headers = {"ETag": resource["meta"]["version"], "Location": resource["meta"]["location"]}
    return answer(call.projection(GROUPS).of(resource), status, headers=headers)


def _version(group: DirectoryGroup) -> str:
    return version_of({"id": group.id, "at": group.changed_at.isoformat()})


def _candidates(call: Call, unit: Unit, condition: Condition) -> Iterable[DirectoryGroup]:
    """The groups that the filter names, or all where there are few. Raises `ScimRefused` (`tooMany`)."""
    organisation_id = call.bearer.organisation.id
    for one in needed(condition):
        if one.operator != "eq" or not isinstance(one.value, str) or one.place.sub or one.place.where:
            continue
        ids: tuple[str | None, ...] | None = {
            "displayname": lambda value: (unit.groups.find_by_name(organisation_id, value),),
            "externalid": lambda value: unit.groups.find_by_external_id(organisation_id, value),
            "id": lambda value: (value,),
        }.get(one.place.name, lambda _: None)(one.value)
        if ids is not None:
            found = (unit.groups.find(organisation_id, id_) for id_ in ids[:MOST_LOOKED_AT] if id_)
            return [group for group in found if group is not None]
    if unit.groups.count(organisation_id) > MOST_LOOKED_AT:
        raise bad(Detail.TOO_MANY, "There are too many groups for this filter. Name one by displayName or externalId.")
    return unit.groups.page(organisation_id, limit=MOST_LOOKED_AT, offset=0)


def _resource(call: Call, unit: Unit, group: DirectoryGroup) -> Json:
    """The group, with its members only where somebody asks for them."""
    is_asked = call.projection(GROUPS).has("members") or "members" in call.query.get("filter", "").lower()
    return _whole(call, unit, group) if is_asked else _described(call, group, [])


def _whole(call: Call, unit: Unit, group: DirectoryGroup) -> Json:
    members = [
        {"value": id_, "$ref": f"{call.base}/Users/{id_}", "type": "User"} for id_ in unit.groups.members(group.id)
    ]
    return _described(call, group, members)


def _described(call: Call, group: DirectoryGroup, members: list[Json]) -> Json:
    return without_empty(
        {
            "schemas": [GROUP],
            "id": group.id,
            "externalId": group.external_id,
            "displayName": group.name,
            "members": members,
            "meta": {
                "resourceType": "Group",
                "created": group.created_at.isoformat(),
                "lastModified": group.changed_at.isoformat(),
                "location": f"{call.base}/Groups/{group.id}",
                "version": _version(group),
            },
        }
    )


def _wanted(resource: Json) -> WantedGroup:
    attributes = GROUPS.by_name
    name = (checked(get(resource, "displayName"), attributes["displayname"]) or "").strip()
    if not name:
        raise bad(Detail.INVALID_VALUE, "displayName is missing.")
    external_id = checked(get(resource, "externalId"), attributes["externalid"]) or ""
    members = checked(get(resource, "members"), attributes["members"]) or []
    if len(members) > _MOST_MEMBERS:
        raise bad(Detail.TOO_MANY, f"At most {_MOST_MEMBERS} members are kept.")
    if any(not each.get("value") or each.get("type", "User").casefold() != "user" for each in members):
        raise bad(Detail.INVALID_VALUE, "Members are persons, by their ids.")
    return WantedGroup(name, external_id, frozenset(each["value"] for each in members))
