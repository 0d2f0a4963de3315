"""Who it is that a provider vouches for: (connection, subject) is the identity, and an address only finds it once.

A first sign-in is linked to a member of *this* organisation, or makes a new person a member of it, and only by a
verified address of a domain that the organisation has proven (R78). Nobody else's account is ever touched: whoever
exists and is no member here must be offered a membership, and accept it with their own credentials.
"""

from dataclasses import dataclass
from enum import StrEnum

from totrinn.app.administering import is_last_global_administrator
from totrinn.app.applications.ending import because
from totrinn.app.applications.grant_records import WhyEnded
from totrinn.app.email_address import AddressProblem, canonical_email
from totrinn.app.identity_providers import Identity
from totrinn.app.landing import Visitor
from totrinn.app.notifying import tell
from totrinn.app.ports import Services, Unit
from totrinn.app.records import MailKind, Person
from totrinn.app.sso_records import Connection, SsoIdentity
from totrinn.core.events import Event, Kind
from totrinn.core.roles import Role
from totrinn.core.sso import first_role, role_at_sign_in

_LONGEST_NAME = 100


class NobodyReason(StrEnum):
    """Why whoever the provider vouches for is nobody here."""

    NO_EMAIL = "no_email"
    EMAIL_UNVERIFIED = "email_unverified"
    FOREIGN_DOMAIN = "foreign_domain"
    NOT_YET_A_MEMBER = "not_yet_a_member"
    LINKED_TO_ANOTHER = "linked_to_another"
    NOT_CREATED = "not_created"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Nobody:
    """The provider vouches for somebody whom we may not take for a person here."""

    reason: NobodyReason


def linked_person(
    services: Services, unit: Unit, visitor: Visitor, connection: Connection, identity: Identity
) -> tuple[Person, SsoIdentity] | Nobody:
    """The person of this subject, linked or created now if that may be; with the role that the groups give."""
    if connection.rules.roles:
        # Roles may change. Whoever holds the organisation holds it before any person, everywhere.
        unit.members.lock(connection.organisation_id)
    link = unit.identities.find(connection.id, identity.subject)
    if link is None:
        return _first_time(services, unit, visitor, connection, identity)
    person = unit.people.find(link.person_id)
    if person is None:
        return Nobody(NobodyReason.NOT_CREATED)
    unit.identities.used(link.id, visitor.now)
    _accept_offer(unit, visitor, connection, person)
    _follow_groups(unit, visitor, connection, identity, person)
    return person, link


def _first_time(
    services: Services, unit: Unit, visitor: Visitor, connection: Connection, identity: Identity
) -> tuple[Person, SsoIdentity] | Nobody:
    email = _proven_email(unit, connection, identity)
    if isinstance(email, NobodyReason):
        return Nobody(email)
    person = unit.people.find_by_email(email)
    if person is None:
        if not connection.rules.creates_members:
            return Nobody(NobodyReason.NOT_CREATED)
        person = _create(services, unit, visitor, connection, identity, email)
        return person, _link(services, unit, visitor, connection, identity, person)
    unit.people.lock(person.id)
    if not person.is_active:
        return Nobody(NobodyReason.INACTIVE)
    member = unit.members.find(connection.organisation_id, person.id)
    if member is not None and member.accepted_at is None and person.password_hash is None:
        # Without credentials of their own there is no other way for them to accept what this organisation offers.
        _accept_offer(unit, visitor, connection, person)
        member = unit.members.find(connection.organisation_id, person.id)
    if member is None or member.accepted_at is None:
        return Nobody(NobodyReason.NOT_YET_A_MEMBER)
    linked = unit.identities.of_person(person.id, connection.organisation_id)
    if any((each.connection_id, each.subject) == (connection.id, identity.subject) for each in linked):
        raise LinkedMeanwhile(identity.subject)
    if any(each.connection_id == connection.id for each in linked):
        # An address that was given to somebody else since: the provider knows them apart, and so do we.
        return Nobody(NobodyReason.LINKED_TO_ANOTHER)
    link = _link(services, unit, visitor, connection, identity, person)
    tell(services, unit, person, MailKind.SSO_LINKED, visitor, connection=connection.name)
    _follow_groups(unit, visitor, connection, identity, person)
    return person, link


def _proven_email(unit: Unit, connection: Connection, identity: Identity) -> str | NobodyReason:
    """The canonical address, if the provider has verified it and its domain is proven to be the organisation's."""
    email = canonical_email(identity.email or "")
    if isinstance(email, AddressProblem):
        return NobodyReason.NO_EMAIL
    if not identity.email_verified:
        return NobodyReason.EMAIL_UNVERIFIED
    domain = unit.domains.find(connection.organisation_id, email.rpartition("@")[2])
    if domain is None or domain.proven_at is None:
        return NobodyReason.FOREIGN_DOMAIN
    return email


def _create(
    services: Services, unit: Unit, visitor: Visitor, connection: Connection, identity: Identity, email: str
) -> Person:
    """A person without a password, who comes through this organisation's SSO.

    Raises `LinkedMeanwhile` when the address was just taken, as by the same sign-in in another tab.
    """
    person = Person(
        id=services.random.id(visitor.now),
        email=email,
        name=" ".join(identity.name.split())[:_LONGEST_NAME] or email.partition("@")[0],
        password_hash=None,
        password_changed_at=None,
        language=None,
        version=1,
        is_active=True,
        must_enrol=False,
        created_at=visitor.now,
    )
    if not unit.people.add(person):
        raise LinkedMeanwhile(email)
    role = first_role(connection.rules, identity.groups)
    unit.members.add(
        services.random.id(visitor.now),
        connection.organisation_id,
        person.id,
        role,
        now=visitor.now,
        accepted_at=visitor.now,
    )
    _log(unit, visitor, Kind.PERSON_CREATED, connection, person)
    _log(unit, visitor, Kind.MEMBER_ADDED, connection, person, role=role)
    return person


def _link(
    services: Services, unit: Unit, visitor: Visitor, connection: Connection, identity: Identity, person: Person
) -> SsoIdentity:
    link = SsoIdentity(
        id=services.random.id(visitor.now),
        connection_id=connection.id,
        organisation_id=connection.organisation_id,
        subject=identity.subject,
        person_id=person.id,
        created_at=visitor.now,
        used_at=visitor.now,
    )
    if not unit.identities.add(link):
        raise LinkedMeanwhile(identity.subject)
    _log(unit, visitor, Kind.SSO_LINKED, connection, person, through=connection.name)
    return link


class LinkedMeanwhile(Exception):
    """Another sign-in of the same subject, or address, was quicker; this one is rolled back and tried once anew."""


def _accept_offer(unit: Unit, visitor: Visitor, connection: Connection, person: Person) -> None:
    """Whoever came by this link before, and is offered membership anew, takes it by coming."""
    member = unit.members.find(connection.organisation_id, person.id)
    if member is None or member.accepted_at is not None:
        return
    if unit.members.accept(connection.organisation_id, person.id, visitor.now):
        _log(unit, visitor, Kind.MEMBER_ADDED, connection, person, role=member.role)


def _follow_groups(unit: Unit, visitor: Visitor, connection: Connection, identity: Identity, person: Person) -> None:
    """Gives the role that the provider's groups say, where any are mapped; the last who can govern keep theirs."""
    if not connection.rules.roles:
        return
    member = unit.members.find(connection.organisation_id, person.id)
    if member is None or member.accepted_at is None:
        return
    role = role_at_sign_in(connection.rules, identity.groups, member.role)
    if role is member.role or _must_stay(unit, connection.organisation_id, person, member.role):
        return
    unit.members.set_role(connection.organisation_id, person.id, role)
    with because(unit, WhyEnded.ROLE_CHANGED, person.id, visitor.now):
        unit.grants.end_of_member(connection.organisation_id, person.id)
    _log(unit, visitor, Kind.ROLE_CHANGED, connection, person, old=member.role, new=role)


def _must_stay(unit: Unit, organisation_id: str, person: Person, role: Role) -> bool:
    if role is not Role.GLOBAL_ADMINISTRATOR:
        return False
    keepers = {person_id for person_id, _ in unit.keepers.names(organisation_id)}
    return person.id in keepers or is_last_global_administrator(unit, organisation_id, person.id)


def _log(unit: Unit, visitor: Visitor, kind: Kind, connection: Connection, person: Person, **detail: str) -> None:
    unit.log.write(
        Event(
            kind,
            visitor.now,
            visitor.source(person.id),
            organisation_id=connection.organisation_id,
            person_id=person.id,
            detail=detail,
        )
    )
