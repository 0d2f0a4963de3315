"""What a directory does with people: they come, are described, become inactive, return and go (RFC 7644).

Rule 12 holds: an entry here is the organisation's own note. It makes a new person only at an address of a domain that
the organisation has proven; whoever exists is offered a membership; nobody's address, password or factor changes by it.
Rule 13 holds: whoever comes or returns by it is a user. Another role is given by a person.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from totrinn.app.administering import end_membership, is_last_global_administrator, is_member_elsewhere
from totrinn.app.api_tokens import acting_either
from totrinn.app.applications.ending import because
from totrinn.app.applications.grant_records import WhyEnded
from totrinn.app.directory.records import DirectoryEntry, DirectoryMember
from totrinn.app.email_address import AddressProblem, canonical_email
from totrinn.app.errors import NotFound
from totrinn.app.landing import Visitor
from totrinn.app.operating import join, new_person, offer
from totrinn.app.own_factors import is_keeper
from totrinn.app.ports import Services, Unit
from totrinn.app.records import Organisation
from totrinn.app.token_records import Bearer
from totrinn.core.events import Event, Kind
from totrinn.core.roles import Right, Role

_LONGEST_NAME = 100


class DirectoryObstacle(StrEnum):
    """Why it was not done."""

    NAME_TAKEN = "name_taken"
    NO_ADDRESS = "no_address"
    """Neither an address nor the name is an e-mail address of a domain that the organisation has proven."""
    LAST_GLOBAL_ADMINISTRATOR = "last_global_administrator"
    KEEPS_PASSWORD = "keeps_password"
    UNKNOWN_MEMBER = "unknown_member"
    """Somebody in the group is no member of the organisation."""
    NAME_OF_ROLE = "name_of_role"
    """A group by the name of a role would seem to give it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A member as the directory wants them to be."""

    entry: DirectoryEntry
    is_active: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A change by a directory, within its transaction."""

    unit: Unit
    visitor: Visitor
    bearer: Bearer

    @property
    def organisation(self) -> Organisation:
        """The token's own."""
        return self.bearer.organisation

    def log(self, kind: Kind, person_id: str | None = None, **detail: str) -> None:
        """Writes the event of it."""
        source = self.visitor.source(self.bearer.name_in_log)
        organisation_id = self.organisation.id
        self.unit.log.write(
            Event(kind, self.visitor.now, source, organisation_id=organisation_id, person_id=person_id, detail=detail)
        )


def begun(unit: Unit, visitor: Visitor, bearer: Bearer) -> Change:
    """The change, if the token still holds; others that write to this organisation's directory wait for it."""
    unit.members.lock(bearer.organisation.id)
    acting_either(unit, bearer, Right.PROVISION, visitor)
    return Change(unit, visitor, bearer)


def add_member(
    services: Services, visitor: Visitor, bearer: Bearer, wanted: Wanted
) -> DirectoryMember | DirectoryObstacle:
    """Makes a new person a member, or offers one who exists a membership."""
    with services.store.writing() as unit:
        change = begun(unit, visitor, bearer)
        organisation = change.organisation
        if unit.directory.find_by_user_name(organisation.id, wanted.entry.user_name) is not None:
            return DirectoryObstacle.NAME_TAKEN
        email = _sign_in_address(unit, organisation, wanted.entry)
        if email is None:
            return DirectoryObstacle.NO_ADDRESS
        person_id = _member_of_address(services, change, email, wanted.entry)
        if person_id is None:
            return DirectoryObstacle.NAME_TAKEN
        unit.directory.describe(organisation.id, person_id, wanted.entry, visitor.now)
        if not wanted.is_active:
            _deactivate(change, _found(change, person_id))
        return _found(change, person_id)


def change_member(
    services: Services,
    visitor: Visitor,
    bearer: Bearer,
    person_id: str,
    want: Callable[[DirectoryMember], Wanted],
) -> DirectoryMember | DirectoryObstacle:
    """Makes a member what `want` makes of them as they are now. Raises `NotFound`, and whatever `want` does."""
    with services.store.writing() as unit:
        change = begun(unit, visitor, bearer)
        found = _found(change, person_id)
        wanted = want(found)
        named = unit.directory.find_by_user_name(change.organisation.id, wanted.entry.user_name)
        if named not in (None, person_id):
            return DirectoryObstacle.NAME_TAKEN
        if found.member.is_inactive is wanted.is_active:
            obstacle = _turn(change, found, wanted)
            if obstacle is not None:
                return obstacle
        if wanted.entry != found.described:
            _describe(change, found, wanted.entry)
        return _found(change, person_id)


def remove_member_by_directory(
    services: Services, visitor: Visitor, bearer: Bearer, person_id: str, look: Callable[[DirectoryMember], None]
) -> DirectoryObstacle | None:
    """Removes a member, and ends their sessions here, after a `look` at them. Raises `NotFound`."""
    with services.store.writing() as unit:
        change = begun(unit, visitor, bearer)
        found = _found(change, person_id)
        look(found)
        obstacle = _protection(change, found)
        if obstacle is not None:
            return obstacle
        with because(unit, WhyEnded.MEMBERSHIP_ENDED, person_id, visitor.now):
            end_membership(unit, change.organisation.id, person_id)
        change.log(Kind.MEMBER_REMOVED, person_id)
        return None


def _found(change: Change, person_id: str) -> DirectoryMember:
    found = change.unit.directory.find(change.organisation.id, person_id)
    if found is None:
        raise NotFound(person_id)
    return found


def _sign_in_address(unit: Unit, organisation: Organisation, entry: DirectoryEntry) -> str | None:
    """The first of the primary address, the others and the name that is an address of a proven domain, canonical.

    Of addresses elsewhere nothing is told, not even whether they are somebody's.
    """
    addresses = sorted(entry.emails, key=lambda each: not each.is_primary)
    for text in (*(each.value for each in addresses), entry.user_name):
        email = canonical_email(text)
        if isinstance(email, AddressProblem):
            continue
        domain = unit.domains.find(organisation.id, email.rpartition("@")[2])
        if domain is not None and domain.proven_at is not None:
            return email
    return None


def _member_of_address(services: Services, change: Change, email: str, entry: DirectoryEntry) -> str | None:
    """The id of whoever has become a member, or is offered to; None when they are one already."""
    unit, visitor, organisation = change.unit, change.visitor, change.organisation
    person, source = unit.people.find_by_email(email), visitor.source(change.bearer.name_in_log)
    if person is None:
        person = new_person(services, visitor, email, _shown(entry), None)
        if not unit.people.add(person):
            return None
        join(services, unit, visitor, source, person, organisation, Role.USER)
        return person.id
    is_offered = offer(services, unit, visitor, source, person, organisation, Role.USER)
    return person.id if is_offered else None


def _describe(change: Change, found: DirectoryMember, entry: DirectoryEntry) -> None:
    """Keeps what is said; the person's own name follows where no other organisation knows them by it."""
    unit, organisation_id, person_id = change.unit, change.organisation.id, found.member.id
    unit.directory.describe(organisation_id, person_id, entry, change.visitor.now)
    before = found.described
    changed = [name for name in DirectoryEntry.__slots__ if getattr(before, name) != getattr(entry, name)]
    change.log(Kind.MEMBER_CHANGED, person_id, what=", ".join(name.replace("_", " ") for name in changed))
    is_theirs = found.member.accepted_at is not None and not is_member_elsewhere(unit, person_id, organisation_id)
    if entry.name and entry.name != before.name and is_theirs:
        unit.people.set_name(person_id, _shown(entry))


def _shown(entry: DirectoryEntry) -> str:
    return " ".join(entry.name.split())[:_LONGEST_NAME]


def _protection(change: Change, found: DirectoryMember) -> DirectoryObstacle | None:
    unit, organisation, person_id = change.unit, change.organisation, found.member.id
    if is_last_global_administrator(unit, organisation.id, person_id):
        return DirectoryObstacle.LAST_GLOBAL_ADMINISTRATOR
    if is_keeper(unit, organisation, person_id):
        return DirectoryObstacle.KEEPS_PASSWORD
    return None


def _deactivate(change: Change, found: DirectoryMember) -> DirectoryObstacle | None:
    """Nobody's member here from now on: sessions and unfinished sign-ins end in the same transaction."""
    obstacle = _protection(change, found)
    if obstacle is not None:
        return obstacle
    unit, organisation_id, person_id = change.unit, change.organisation.id, found.member.id
    if unit.directory.deactivate(organisation_id, person_id, change.visitor.now):
        unit.signins.end_of_person(person_id, organisation_id=organisation_id)
        with because(unit, WhyEnded.MEMBERSHIP_ENDED, person_id, change.visitor.now):
            ended = unit.sessions.end_of_person(person_id, organisation_id=organisation_id)
        change.log(Kind.MEMBER_DEACTIVATED, person_id, role=found.member.role, count=str(ended))
    return None


def _turn(change: Change, found: DirectoryMember, wanted: Wanted) -> DirectoryObstacle | None:
    if not wanted.is_active:
        return _deactivate(change, found)
    _reactivate(change, found)
    return None


def _reactivate(change: Change, found: DirectoryMember) -> None:
    if change.unit.directory.reactivate(change.organisation.id, found.member.id, change.visitor.now):
        change.log(Kind.MEMBER_REACTIVATED, found.member.id)
