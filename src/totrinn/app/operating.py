"""What the vendor and the operator do: organisations, first administrators, persons, one-time links.

The operator acts by commands, as `operator:<system user>`; the vendor's staff act by pages, with an `Actor` that is
judged again inside the transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from totrinn.app.accounts import WeakPassword, find_weakness
from totrinn.app.administering import NothingToReset, reset
from totrinn.app.api_tokens import Caller, acting_either
from totrinn.app.errors import NotAllowed, NotFound
from totrinn.app.judging import Actor, acting
from totrinn.app.landing import Visitor
from totrinn.app.own_factors import StaleProof, stale_for_organisation
from totrinn.app.ports import Services, Unit
from totrinn.app.records import LinkPurpose, OneTimeLink, Organisation, Person
from totrinn.core import passwords
from totrinn.core.enforcement import Policy
from totrinn.core.events import Event, Kind, Source
from totrinn.core.lifetimes import ONE_TIME_LINK
from totrinn.core.policy import Requirement
from totrinn.core.roles import Right, Role

VENDOR_SLUG = "vendor"
_LAST_BACKUP = "last good backup"


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link that was just made: its token is shown once."""

    token: str
    link: OneTimeLink


@dataclass(frozen=True, slots=True)
class Created:
    """A person was created. Without a password there is a link to choose one."""

    person: Person
    link: Link | None


@dataclass(frozen=True, slots=True)
class MembershipOffered:
    """The person existed: a membership is offered, which they accept from an admitted session."""

    person: Person


class Obstacle(StrEnum):
    """Why it was not done."""

    SLUG_TAKEN = "slug_taken"
    ALREADY_A_MEMBER = "already_a_member"
    ADDRESS_TAKEN = "address_taken"
    PASSWORD_FOR_EXISTING = "password_for_existing"
    LINK_UNUSABLE = "link_unusable"
    HAS_PASSWORD = "has_password"


def create_organisation(
    services: Services,
    visitor: Visitor,
    source: Source,
    *,
    name: str,
    slug: str,
    caller: Caller | None = None,
    language: str = "nb",
    is_vendor: bool = False,
) -> Organisation | Obstacle:
    """Creates an organisation; the vendor's own always requires two-factor."""
    organisation = Organisation(
        id=services.random.id(visitor.now),
        slug=slug,
        name=name,
        language=language,
        time_zone="Europe/Oslo",
        is_vendor=is_vendor,
        is_active=True,
        policy=Policy(Requirement(always=is_vendor), revision=0, available_since=None),
        available_by=None,
        required_by=None,
        created_at=visitor.now,
    )
    with services.store.writing() as unit:
        if caller is not None:
            acting_either(unit, caller, Right.RUN_ORGANISATIONS, visitor)
        if not unit.organisations.add(organisation):
            return Obstacle.SLUG_TAKEN
        _log(unit, visitor, source, Kind.ORGANISATION_CREATED, organisation.id, name=name)
        return organisation


def create_person(
    services: Services,
    visitor: Visitor,
    source: Source,
    *,
    email: str,
    name: str,
    slug: str,
    role: Role,
    password: str | None,
) -> Created | MembershipOffered | WeakPassword | Obstacle:
    """Creates a person with a membership, or offers an existing person one. Raises `NotFound` for an unknown slug."""
    organisation = _organisation(services, slug)
    with services.store.reading() as unit:
        existing = unit.people.find_by_email(email)
    if existing is not None:
        return (
            Obstacle.PASSWORD_FOR_EXISTING
            if password
            else _offer(services, visitor, source, existing, organisation, role)
        )
    if password is not None:
        weak = find_weakness(services, None, password, email=email, organisation_id=organisation.id)
        if weak is not None:
            return weak
    person = new_person(services, visitor, email, name, password)
    with services.store.writing() as unit:
        if not unit.people.add(person):
            return Obstacle.ADDRESS_TAKEN
        join(services, unit, visitor, source, person, organisation, role)
        link = None
        if password is None:
            link = new_password_link(services, unit, visitor, organisation.id, person.id)
        return Created(person, link)


def issue_setup_link(services: Services, visitor: Visitor, source: Source, slug: str) -> Link:
    """A one-time link by which an organisation's first administrator comes in; earlier ones are void.

    Raises `NotFound` for an unknown slug.
    """
    organisation = _organisation(services, slug)
    with services.store.writing() as unit:
        return _new_setup_link(services, unit, visitor, source, organisation)


def hand_out_setup_link(services: Services, visitor: Visitor, actor: Actor, slug: str) -> Link | StaleProof:
    """The same, by the vendor's staff: whoever has the link governs the organisation, so it asks for a fresh proof.

    Raises `NotFound` for an unknown slug.
    """
    organisation = _organisation(services, slug)
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.RUN_ORGANISATIONS, visitor.now)
        stale = stale_for_organisation(current.live, visitor)
        if stale is not None:
            return stale
        return _new_setup_link(services, unit, visitor, visitor.source(current.person.id), organisation)


def _new_setup_link(
    services: Services, unit: Unit, visitor: Visitor, source: Source, organisation: Organisation
) -> Link:
    role = Role.VENDOR if organisation.is_vendor else Role.GLOBAL_ADMINISTRATOR
    _log(unit, visitor, source, Kind.SETUP_LINK_ISSUED, organisation.id)
    return _new_link(services, unit, visitor, LinkPurpose.SETUP, organisation.id, None, role)


def issue_password_link(services: Services, visitor: Visitor, source: Source, email: str) -> Link | Obstacle:
    """A new link for a person who has never chosen a password; earlier ones are void. Raises `NotFound`.

    Who has a password keeps it: nobody else may change it (rule 12).
    """
    with services.store.writing() as unit:
        person = unit.people.find_by_email(email)
        memberships = unit.members.of_person(person.id) if person else ()
        joined = [membership for membership in memberships if membership.accepted_at is not None]
        if person is None or not joined:
            raise NotFound(email)
        if person.password_hash is not None:
            return Obstacle.HAS_PASSWORD
        organisation_id = joined[0].organisation.id
        _log(unit, visitor, source, Kind.PASSWORD_LINK_ISSUED, organisation_id, person.id)
        return new_password_link(services, unit, visitor, organisation_id, person.id)


def reset_by_operator(services: Services, visitor: Visitor, source: Source, email: str, *, why: str) -> Person:
    """The operator resets a person's second factor. Raises `NotFound`."""
    with services.store.writing() as unit:
        person = unit.people.find_by_email(email)
        if person is None:
            raise NotFound(email)
        reset(services, unit, visitor, person.id, source=source, why=why)
        return person


def reset_by_vendor(
    services: Services, visitor: Visitor, actor: Actor, slug: str, person_id: str, *, why: str
) -> Person | StaleProof | NothingToReset:
    """The vendor's staff help a customer's member who has lost the second factor; themselves they do not.

    Raises `NotFound`, `NotAllowed`.
    """
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.RUN_ORGANISATIONS, visitor.now)
        organisation = unit.organisations.find_by_slug(slug)
        person = unit.people.find(person_id)
        if organisation is None or organisation.is_vendor or person is None:
            raise NotFound(slug)
        member = unit.members.find(organisation.id, person_id)
        if member is None or member.accepted_at is None:
            raise NotFound(person_id)
        if person_id == current.person.id:
            raise NotAllowed(Right.RUN_ORGANISATIONS)
        if not member.has_anything_to_reset:
            return NothingToReset()
        stale = stale_for_organisation(current.live, visitor)
        if stale is not None:
            return stale
        reset(services, unit, visitor, person_id, source=visitor.source(current.person.id), why=why)
        return person


def log_of_installation(unit: Unit, visitor: Visitor, source: Source, kind: Kind, **detail: str) -> None:
    """Logs what concerns the installation as a whole, where the vendor's staff read it."""
    vendor = unit.organisations.find_by_slug(VENDOR_SLUG)
    if vendor is None:
        raise NotFound(VENDOR_SLUG)
    _log(unit, visitor, source, kind, vendor.id, **detail)


def note_backup(unit: Unit, visitor: Visitor, source: Source) -> None:
    """Remembers, and logs, that a backup was made which was begun at the visitor's time."""
    unit.installation.write(_LAST_BACKUP, visitor.now.isoformat())
    log_of_installation(unit, visitor, source, Kind.BACKUP_MADE)


def last_backup(unit: Unit) -> datetime | None:
    """When the last good backup was begun; None if there never was one."""
    told = unit.installation.read(_LAST_BACKUP)
    return datetime.fromisoformat(told) if told else None


def _organisation(services: Services, slug: str) -> Organisation:
    with services.store.reading() as unit:
        organisation = unit.organisations.find_by_slug(slug)
    if organisation is None:
        raise NotFound(slug)
    return organisation


def _offer(
    services: Services,
    visitor: Visitor,
    source: Source,
    person: Person,
    organisation: Organisation,
    role: Role,
) -> MembershipOffered | Obstacle:
    with services.store.writing() as unit:
        is_offered = offer(services, unit, visitor, source, person, organisation, role)
    return MembershipOffered(person) if is_offered else Obstacle.ALREADY_A_MEMBER


def new_person(services: Services, visitor: Visitor, email: str, name: str, password: str | None) -> Person:
    """A person who is yet to be stored."""
    encoded = services.passwords.hash(passwords.canonical(password)) if password is not None else None
    return Person(
        id=services.random.id(visitor.now),
        email=email,
        name=name or email.partition("@")[0],
        password_hash=encoded,
        password_changed_at=visitor.now if encoded else None,
        language=None,
        version=1,
        is_active=True,
        must_enrol=False,
        created_at=visitor.now,
    )


def join(
    services: Services,
    unit: Unit,
    visitor: Visitor,
    source: Source,
    person: Person,
    organisation: Organisation,
    role: Role,
) -> None:
    """Makes a new person a member, and logs both."""
    unit.members.add(
        services.random.id(visitor.now),
        organisation.id,
        person.id,
        role,
        now=visitor.now,
        accepted_at=visitor.now,
    )
    _log(unit, visitor, source, Kind.PERSON_CREATED, organisation.id, person.id)
    _log(unit, visitor, source, Kind.MEMBER_ADDED, organisation.id, person.id, role=role)


def offer(
    services: Services,
    unit: Unit,
    visitor: Visitor,
    source: Source,
    person: Person,
    organisation: Organisation,
    role: Role,
) -> bool:
    """Offers a membership to somebody who has an account, and logs it; False when they have one, or the offer."""
    id_ = services.random.id(visitor.now)
    if not unit.members.add(id_, organisation.id, person.id, role, now=visitor.now, accepted_at=None):
        return False
    _log(unit, visitor, source, Kind.MEMBER_INVITED, organisation.id, person.id, role=role)
    return True


def new_password_link(services: Services, unit: Unit, visitor: Visitor, organisation_id: str, person_id: str) -> Link:
    """A link by which a person who has none chooses a password, once; who may hand it out, is asked before."""
    return _new_link(services, unit, visitor, LinkPurpose.CHOOSE_PASSWORD, organisation_id, person_id, None)


def _new_link(
    services: Services,
    unit: Unit,
    visitor: Visitor,
    purpose: LinkPurpose,
    organisation_id: str | None,
    person_id: str | None,
    role: Role | None,
) -> Link:
    token = services.random.token()
    link = OneTimeLink(
        id=services.random.id(visitor.now),
        purpose=purpose,
        organisation_id=organisation_id,
        person_id=person_id,
        role=role,
        created_at=visitor.now,
        expires_at=visitor.now + ONE_TIME_LINK,
    )
    unit.links.add(services.digest(token), link)
    return Link(token, link)


def _log(
    unit: Unit,
    visitor: Visitor,
    source: Source,
    kind: Kind,
    organisation_id: str,
    person_id: str | None = None,
    **detail: str,
) -> None:
    unit.log.write(
        Event(kind, visitor.now, source, organisation_id=organisation_id, person_id=person_id, detail=detail)
    )
