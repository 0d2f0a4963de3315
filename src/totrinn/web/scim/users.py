"""`/Users`: members, as the organisation's directory sees them and may change them."""

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.responses import Response

from totrinn.app.directory.provisioning import (
    DirectoryObstacle,
    Wanted,
    add_member,
    change_member,
    remove_member_by_directory,
)
from totrinn.app.directory.records import DirectoryEmail, DirectoryEntry, DirectoryMember
from totrinn.app.errors import NotFound
from totrinn.app.ports import Unit
from totrinn.web.scim.answers import answer, listed, version_of, without_empty
from totrinn.web.scim.attributes import USER, USERS, Json, Mutability, get
from totrinn.web.scim.call import Call
from totrinn.web.scim.errors import Detail, ScimRefused, bad
from totrinn.web.scim.filters import Condition, Effort, fits, needed, read_filter
from totrinn.web.scim.patching import checked, patched

MOST_LOOKED_AT = 2000
"""So many members are compared with a filter that names nobody; a larger organisation is asked for by name."""
_AT_ONCE = 500
_MOST_EMAILS = 20
_REFUSALS = {
    DirectoryObstacle.NAME_TAKEN: ScimRefused(409, "There is a member of this name or address.", Detail.UNIQUENESS),
    DirectoryObstacle.NO_ADDRESS: bad(
        Detail.INVALID_VALUE,
        "Neither userName nor an address in emails is an address of a domain that the organisation has proven here.",
    ),
    DirectoryObstacle.LAST_GLOBAL_ADMINISTRATOR: ScimRefused(
        403, "This is the organisation's last global administrator. Give somebody else the role first."
    ),
    DirectoryObstacle.KEEPS_PASSWORD: ScimRefused(
        403, "This administrator keeps a password, so that somebody gets in if the provider fails."
    ),
    DirectoryObstacle.UNKNOWN_MEMBER: bad(
        Detail.INVALID_VALUE, "Somebody in the group is no member of the organisation."
    ),
    DirectoryObstacle.NAME_OF_ROLE: bad(
        Detail.MUTABILITY, "A group by the name of a role would seem to give it. Roles are given by a person."
    ),
}


def refusal(obstacle: DirectoryObstacle) -> ScimRefused:
    """The obstacle, as a directory is told of it."""
    known = _REFUSALS[obstacle]
    return ScimRefused(known.status, known.words, known.detail)


def look(call: Call) -> Response:
    """One member."""
    with call.ask.services.store.reading() as unit:
        found = unit.directory.find(call.bearer.organisation.id, call.ask.params["id"])
    if found is None:
        raise NotFound(call.ask.params["id"])
    return _answer(call, found)


def search(call: Call) -> Response:
    """Members, those of a filter or all, a page at a time."""
    start, count = call.page()
    projection, text = call.projection(USERS), call.query.get("filter", "")
    organisation_id = call.bearer.organisation.id
    with call.ask.services.store.reading() as unit:
        if text:
            found = list(_fitting(call, unit, read_filter(text, USERS)))
            total, shown = len(found), found[start - 1 : start - 1 + count]
        else:
            total = unit.members.listed(organisation_id)
            page = unit.directory.page(organisation_id, limit=count, offset=start - 1) if count else ()
            shown = [_resource(call, member) for member in page]
    return answer(listed([projection.of(each) for each in shown], total=total, start=start))


def add(call: Call) -> Response:
    """A new member, or an offer to whoever exists."""
    wanted = _wanted(call.body, is_active=True)
    return _answer(call, _done(add_member(call.ask.services, call.ask.visitor, call.bearer, wanted)), 201)


def replace(call: Call) -> Response:
    """A member as they are now described, whole. Who does not say whether they are active leaves it as it is."""

    def want(found: DirectoryMember) -> Wanted:
        call.refuse_other_version(_version(call, found))
        return _wanted(call.body, is_active=not found.member.is_inactive)

    return _changed(call, want)


def change(call: Call) -> Response:
    """A member with some attributes changed."""

    def want(found: DirectoryMember) -> Wanted:
        call.refuse_other_version(_version(call, found))
        resource = patched(call.body, _resource(call, found), USERS)
        return _wanted(resource, is_active=not found.member.is_inactive)

    return _changed(call, want)


def remove(call: Call) -> Response:
    """A member is no member any more."""

    def look_at(found: DirectoryMember) -> None:
        call.refuse_other_version(_version(call, found))

    services, visitor, person_id = call.ask.services, call.ask.visitor, call.ask.params["id"]
    obstacle = remove_member_by_directory(services, visitor, call.bearer, person_id, look_at)
    if obstacle is not None:
        raise refusal(obstacle)
    return Response(status_code=204)


def _changed(call: Call, want: Any) -> Response:
    person_id = call.ask.params["id"]
    changed = change_member(call.ask.services, call.ask.visitor, call.bearer, person_id, want)
    return _answer(call, _done(changed))


def _done(outcome: DirectoryMember | DirectoryObstacle) -> DirectoryMember:
    if isinstance(outcome, DirectoryObstacle):
        raise refusal(outcome)
    return outcome


def _answer(call: Call, found: DirectoryMember, status: int = 200) -> Response:
    resource = _resource(call, found)
    version = resource["meta"]["version"]
    if status == 200 and call.ask.method in ("GET", "HEAD") and call.knows(version):
        return Response(status_code=304, headers={"ETag": version})
    headers = {"ETag": version, "Location": resource["meta"]["location"]}
    return answer(call.projection(USERS).of(resource), status, headers=headers)


def _version(call: Call, found: DirectoryMember) -> str:
    return str(_resource(call, found)["meta"]["version"])


def _fitting(call: Call, unit: Unit, condition: Condition) -> Iterator[Json]:
    effort = Effort()
    for member in _candidates(call, unit, condition):
        resource = _resource(call, member)
        effort.spend(condition, resource)
        if fits(condition, resource, USERS.by_name):
            yield resource


def _candidates(call: Call, unit: Unit, condition: Condition) -> Iterable[DirectoryMember]:
    """The members whom the filter names, or all where there are few. Raises `ScimRefused` (`tooMany`)."""
    organisation_id = call.bearer.organisation.id
    for one in needed(condition):
        if one.operator != "eq" or not isinstance(one.value, str) or one.place.sub or one.place.where:
            continue
        if one.place.name == "username":
            named = unit.directory.find_by_user_name(organisation_id, one.value)
            return unit.directory.these(organisation_id, [named] if named else [])
        if one.place.name == "externalid":
            ids = unit.directory.find_by_external_id(organisation_id, one.value)
            return unit.directory.these(organisation_id, ids[:MOST_LOOKED_AT])
        if one.place.name == "id":
            return unit.directory.these(organisation_id, [one.value])
    if unit.members.listed(organisation_id) > MOST_LOOKED_AT:
        raise bad(Detail.TOO_MANY, "There are too many members for this filter. Name one by userName or externalId.")
    pages = range(0, MOST_LOOKED_AT, _AT_ONCE)
    return (each for at in pages for each in unit.directory.page(organisation_id, limit=_AT_ONCE, offset=at))


def _resource(call: Call, found: DirectoryMember) -> Json:
    entry, member = found.described, found.member
    names = {"formatted": entry.formatted, "familyName": entry.family_name, "givenName": entry.given_name}
    resource = without_empty(
        {
            "schemas": [USER],
            "id": member.id,
            "externalId": entry.external_id,
            "userName": entry.user_name,
            "name": without_empty(names),
            "displayName": entry.display_name,
            "emails": [
                without_empty({"value": each.value, "type": each.type, "primary": each.is_primary})
                for each in entry.emails
            ],
            "active": not member.is_inactive,
            "groups": [
                {"value": id_, "$ref": f"{call.base}/Groups/{id_}", "display": name} for id_, name in found.groups
            ],
            "roles": [{"value": member.role.value, "primary": True}],
        }
    )
    resource["meta"] = {
        "resourceType": "User",
        "created": found.created_at.isoformat(),
        "lastModified": found.changed_at.isoformat(),
        "location": f"{call.base}/Users/{member.id}",
        "version": version_of(resource),
    }
    return resource


def _wanted(resource: Json, *, is_active: bool) -> Wanted:
    """What a resource says, of the attributes that a directory may set; of all others nothing is read (R48)."""
    said = {
        attribute.name: checked(get(resource, attribute.name), attribute)
        for attribute in (USERS.by_name["externalid"], *USERS.attributes)
        if attribute.mutability is Mutability.READ_WRITE
    }
    user_name = (said["userName"] or "").strip()
    if not user_name:
        raise bad(Detail.INVALID_VALUE, "userName is missing.")
    emails = [each for each in said["emails"] or [] if each.get("value")]
    if len(emails) > _MOST_EMAILS:
        raise bad(Detail.INVALID_VALUE, f"At most {_MOST_EMAILS} addresses are kept.")
    name = said["name"] or {}
    entry = DirectoryEntry(
        user_name=user_name,
        external_id=said["externalId"] or "",
        formatted=name.get("formatted", ""),
        given_name=name.get("givenName", ""),
        family_name=name.get("familyName", ""),
        display_name=said["displayName"] or "",
        emails=tuple(DirectoryEmail(each["value"], each.get("type") or "", each.get("primary")) for each in emails),
    )
    return Wanted(entry, is_active if said["active"] is None else said["active"])
