"""Using one-time links: looking at one does not use it, using one signs nobody in (R68, R71)."""

from dataclasses import dataclass

from totrinn.app.accounts import WeakPassword, find_weakness, set_password, shortest_password
from totrinn.app.administering import reset
from totrinn.app.applications.ending import because
from totrinn.app.applications.grant_records import WhyEnded
from totrinn.app.landing import Visitor
from totrinn.app.operating import Obstacle, join, new_person
from totrinn.app.ports import Services
from totrinn.app.proving import address_throttle
from totrinn.app.records import LinkPurpose, OneTimeLink, Organisation, Person
from totrinn.core import passwords
from totrinn.core.events import Event, Kind
from totrinn.core.lifetimes import CLOCK_TOLERANCE


@dataclass(frozen=True, slots=True)
class LinkView:
    """What the page behind a one-time link may show."""

    organisation: Organisation | None
    person: Person | None
    minimum: int


def link_view(services: Services, link: OneTimeLink) -> LinkView:
    """Whom the link is for, and how long a password it asks for."""
    with services.store.reading() as unit:
        organisation = unit.organisations.find(link.organisation_id) if link.organisation_id else None
        person = unit.people.find(link.person_id) if link.person_id else None
    return LinkView(organisation, person, shortest_password(services, person, link.organisation_id))


def look_at_link(services: Services, visitor: Visitor, token: str, purpose: LinkPurpose) -> OneTimeLink | None:
    """The link behind this token, if it can still be used; looking does not use it (R68)."""
    with services.store.reading() as unit:
        link = unit.links.find(services.digest(token))
    if link is None or link.purpose is not purpose:
        return None
    if not link.created_at - CLOCK_TOLERANCE <= visitor.now < link.expires_at:
        return None
    return link


def use_setup_link(
    services: Services, visitor: Visitor, token: str, *, email: str, name: str, password: str
) -> Person | WeakPassword | Obstacle:
    """Creates the first administrator; the link is taken only if that succeeds. Signs nobody in."""
    link = look_at_link(services, visitor, token, LinkPurpose.SETUP)
    if link is None or link.organisation_id is None or link.role is None:
        return Obstacle.LINK_UNUSABLE
    weak = find_weakness(services, None, password, email=email, organisation_id=link.organisation_id)
    if weak is not None:
        return weak
    person = new_person(services, visitor, email, name, password)
    with services.store.writing() as unit:
        organisation = unit.organisations.find(link.organisation_id)
        if organisation is None or unit.people.find_by_email(email) is not None:
            return Obstacle.ADDRESS_TAKEN
        if unit.links.take(services.digest(token)) is None:
            return Obstacle.LINK_UNUSABLE
        if not unit.people.add(person):
            unit.links.add(services.digest(token), link)
            return Obstacle.ADDRESS_TAKEN
        source = visitor.source(person.id)
        join(services, unit, visitor, source, person, organisation, link.role)
        unit.log.write(
            Event(Kind.SETUP_LINK_USED, visitor.now, source, organisation_id=organisation.id, person_id=person.id)
        )
        return person


def choose_password(
    services: Services, visitor: Visitor, token: str, password: str
) -> Person | WeakPassword | Obstacle:
    """A person who was created without a password chooses one. Signs nobody in, and touches no factor (R71)."""
    link = look_at_link(services, visitor, token, LinkPurpose.CHOOSE_PASSWORD)
    if link is None or link.person_id is None:
        return Obstacle.LINK_UNUSABLE
    with services.store.reading() as unit:
        person = unit.people.find(link.person_id)
    if person is None or not person.is_active:
        return Obstacle.LINK_UNUSABLE
    weak = find_weakness(services, person, password)
    if weak is not None:
        return weak
    encoded = services.passwords.hash(passwords.canonical(password))
    with services.store.writing() as unit:
        if unit.links.take(services.digest(token)) is None:
            return Obstacle.LINK_UNUSABLE
        if person.password_hash is None and unit.factors.of_person(person.id):
            # It was set up on a provider's word alone, which is nothing beside a password of one's own (rule 12).
            reset(services, unit, visitor, person.id, source=visitor.source(person.id), why="")
        set_password(services, unit, visitor, person, encoded, organisation_id=link.organisation_id)
        unit.throttles.clear(address_throttle(services, person.email))
        with because(unit, WhyEnded.CREDENTIALS_CHANGED, person.id, visitor.now):
            unit.sessions.end_of_person(person.id)
        return person
