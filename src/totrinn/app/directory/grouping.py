"""Groups as a directory tells them. A group gives nobody a role or any other right (rule 13)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from totrinn.app.directory.provisioning import Change, DirectoryObstacle, begun
from totrinn.app.directory.records import DirectoryGroup
from totrinn.app.errors import NotFound
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit
from totrinn.app.token_records import Bearer
from totrinn.core.events import Kind
from totrinn.core.roles import Role

_NAMES_OF_ROLES = frozenset(role.value.replace("_", " ") for role in Role)


@dataclass(frozen=True, slots=True)
class WantedGroup:
    """A group as the directory wants it to be; `members` are persons' ids."""

    name: str
    external_id: str
    members: frozenset[str]


def add_group(
    services: Services, visitor: Visitor, bearer: Bearer, wanted: WantedGroup
) -> DirectoryGroup | DirectoryObstacle:
    """Adds a group with its members."""
    with services.store.writing() as unit:
        change = begun(unit, visitor, bearer)
        id_, now = services.random.id(visitor.now), visitor.now
        group = DirectoryGroup(id_, change.organisation.id, wanted.name, wanted.external_id, now, now)
        obstacle = _obstacle(change, group, wanted)
        if obstacle is not None:
            return obstacle
        unit.groups.save(group)
        unit.groups.add_members(group, wanted.members)
        change.log(Kind.GROUP_ADDED, group=group.name, members=str(len(wanted.members)))
        return group


def change_group(
    services: Services,
    visitor: Visitor,
    bearer: Bearer,
    group_id: str,
    want: Callable[[Unit, DirectoryGroup], WantedGroup],
) -> DirectoryGroup | DirectoryObstacle:
    """Makes a group what `want` makes of it as it is now. Raises `NotFound`, and whatever `want` does."""
    with services.store.writing() as unit:
        change = begun(unit, visitor, bearer)
        group = known_group(unit, change.organisation.id, group_id)
        wanted = want(unit, group)
        obstacle = _obstacle(change, group, wanted)
        if obstacle is not None:
            return obstacle
        before = frozenset(unit.groups.members(group.id))
        added = unit.groups.add_members(group, wanted.members - before)
        removed = unit.groups.remove_members(group, before - wanted.members)
        if not added and not removed and (group.name, group.external_id) == (wanted.name, wanted.external_id):
            return group
        changed = replace(group, name=wanted.name, external_id=wanted.external_id, changed_at=visitor.now)
        unit.groups.save(changed)
        change.log(Kind.GROUP_CHANGED, group=changed.name, added=str(added), removed=str(removed))
        return changed


def remove_group(
    services: Services, visitor: Visitor, bearer: Bearer, group_id: str, look: Callable[[Unit, DirectoryGroup], None]
) -> None:
    """Deletes a group, after a `look` at it; whoever was in it stays a member. Raises `NotFound`."""
    with services.store.writing() as unit:
        change = begun(unit, visitor, bearer)
        group = known_group(unit, change.organisation.id, group_id)
        look(unit, group)
        unit.groups.remove(group.organisation_id, group.id)
        change.log(Kind.GROUP_REMOVED, group=group.name)


def known_group(unit: Unit, organisation_id: str, group_id: str) -> DirectoryGroup:
    """The group. Raises `NotFound`."""
    group = unit.groups.find(organisation_id, group_id)
    if group is None:
        raise NotFound(group_id)
    return group


def _obstacle(change: Change, group: DirectoryGroup, wanted: WantedGroup) -> DirectoryObstacle | None:
    unit, organisation_id = change.unit, change.organisation.id
    if wanted.name.casefold().replace("_", " ").strip() in _NAMES_OF_ROLES:
        return DirectoryObstacle.NAME_OF_ROLE
    if unit.groups.find_by_name(organisation_id, wanted.name) not in (None, group.id):
        return DirectoryObstacle.NAME_TAKEN
    known = unit.directory.known(organisation_id, wanted.members)
    return None if known == wanted.members else DirectoryObstacle.UNKNOWN_MEMBER
