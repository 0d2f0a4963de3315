"""Administrators, and programs for them, add members to their organisation.

As with a directory, only at an address of a domain that the organisation has proven: of addresses elsewhere nothing is
told, not even whether they are somebody's, and nobody takes one away from people of another organisation by making it
first. Whoever exists is offered a membership, and keeps what is theirs (rule 12).

A link is given only where no provider proves who has the address. Else whoever has used it would be, by a password, the
person whom the provider proves later, with the role that its groups give them.
"""

from dataclasses import dataclass
from enum import StrEnum

from totrinn.app.api_tokens import Caller, acting_either, source_of
from totrinn.app.errors import NotAllowed
from totrinn.app.judging import Actor
from totrinn.app.landing import Visitor
from totrinn.app.operating import Link, join, new_password_link, new_person, offer
from totrinn.app.own_factors import StaleProof, stale_for_organisation
from totrinn.app.ports import Services, Unit
from totrinn.app.records import Person
from totrinn.core.roles import ASSIGNABLE, Right, Role


class InvitingObstacle(StrEnum):
    """Why nobody was added."""

    DOMAIN_NOT_PROVEN = "domain_not_proven"
    ALREADY_A_MEMBER = "already_a_member"


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom to add, at a canonical address; the name counts for somebody new alone."""

    email: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Invited:
    """They are a member, who chooses a password by the link or comes by the provider, or are offered to become one."""

    person: Person
    link: Link | None


def invite(
    services: Services, visitor: Visitor, caller: Caller, invitation: Invitation
) -> Invited | InvitingObstacle | StaleProof:
    """Adds a member. Administrators are added by a person with a fresh proof who may give that role (rule 13).

    Raises `NotAllowed`.
    """
    makes_user = invitation.role is Role.USER
    with services.store.writing() as unit:
        current = acting_either(unit, caller, Right.MANAGE_MEMBERS if makes_user else Right.CHANGE_ROLES, visitor)
        if invitation.role not in ASSIGNABLE or current.organisation.is_vendor:
            raise NotAllowed(Right.MANAGE_MEMBERS)
        stale = None if makes_user or not isinstance(current, Actor) else stale_for_organisation(current.live, visitor)
        if stale is not None:
            return stale
        unit.members.lock(current.organisation.id)
        domain = unit.domains.find(current.organisation.id, invitation.email.rpartition("@")[2])
        if domain is None or domain.proven_at is None:
            return InvitingObstacle.DOMAIN_NOT_PROVEN
        return _made(services, unit, visitor, current, invitation) or _offered(
            services, unit, visitor, current, invitation
        )


def _made(services: Services, unit: Unit, visitor: Visitor, current: Caller, invitation: Invitation) -> Invited | None:
    """Somebody new; None where there is somebody with this address already."""
    person = new_person(services, visitor, invitation.email, invitation.name, None)
    if not unit.people.add(person):
        return None
    organisation = current.organisation
    join(services, unit, visitor, source_of(visitor, current), person, organisation, invitation.role)
    ways = unit.domains.ways(invitation.email.rpartition("@")[2])
    comes_by_sso = any(way.organisation.id == organisation.id for way in ways)
    link = None if comes_by_sso else new_password_link(services, unit, visitor, organisation.id, person.id)
    return Invited(person, link)


def _offered(
    services: Services, unit: Unit, visitor: Visitor, current: Caller, invitation: Invitation
) -> Invited | InvitingObstacle:
    person, source = unit.people.find_by_email(invitation.email), source_of(visitor, current)
    if person is None or not offer(services, unit, visitor, source, person, current.organisation, invitation.role):
        return InvitingObstacle.ALREADY_A_MEMBER
    return Invited(person, None)
