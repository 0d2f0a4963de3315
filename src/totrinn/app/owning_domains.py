"""E-mail domains of an organisation: claimed, proven by a TXT record or vouched for by the vendor, led to a connection.

Only a proven domain links addresses to persons, or leads anybody anywhere. Several organisations may prove one.
"""

from dataclasses import dataclass
from enum import StrEnum

from totrinn.app.connecting import governing, own_connection
from totrinn.app.email_address import AddressProblem, canonical_email
from totrinn.app.errors import NotFound
from totrinn.app.identity_providers import Unavailable
from totrinn.app.judging import Actor
from totrinn.app.landing import Visitor
from totrinn.app.own_factors import StaleProof
from totrinn.app.ports import Services, Unit
from totrinn.app.records import Organisation
from totrinn.app.sso_records import Domain, SsoWay
from totrinn.core.events import Event, Kind, Source

BY_DNS = "dns"
RECORD_NAME = "_totrinn"
RECORD_PREFIX = "totrinn-domain="


class DomainObstacle(StrEnum):
    """Why it was not done."""

    MALFORMED = "malformed"
    TAKEN = "taken"
    NO_RECORD = "no_record"


@dataclass(frozen=True, slots=True)
class Record:
    """The TXT record that proves a domain."""

    name: str
    value: str


def record_of(domain: Domain) -> Record:
    """What the domain's owner must publish."""
    return Record(f"{RECORD_NAME}.{domain.name}", f"{RECORD_PREFIX}{domain.challenge}")


def canonical_domain(typed: str) -> str | None:
    """The domain as it stands in canonical addresses (lower-case A-labels); None when it is none."""
    name = typed.strip().removeprefix("@")
    address = canonical_email(f"name@{name}")
    if isinstance(address, AddressProblem):
        return None
    domain = address.rpartition("@")[2]
    # A network address is no domain that anybody owns.
    return domain if "." in domain and not domain.rpartition(".")[2].isdigit() else None


def ways_in(services: Services, email: str) -> tuple[SsoWay, ...]:
    """Where this canonical address may sign in through SSO; nothing tells whether there is such a person (R12)."""
    with services.store.reading() as unit:
        return unit.domains.ways(email.rpartition("@")[2])


def claim(
    services: Services, visitor: Visitor, actor: Actor, name: str, connection_id: str | None
) -> Domain | DomainObstacle | StaleProof:
    """Adds a domain that is yet to be proven. Raises `NotFound` for a connection that is not the organisation's."""
    with services.store.writing() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        if connection_id is not None:
            own_connection(unit, current, connection_id)
        domain = _new(services, visitor, current.organisation.id, name, connection_id)
        if not unit.domains.add(domain):
            return DomainObstacle.TAKEN
        _log(unit, visitor, visitor.source(current.person.id), Kind.DOMAIN_ADDED, domain)
        return domain


def look_up(
    services: Services, visitor: Visitor, actor: Actor, name: str
) -> Domain | DomainObstacle | Unavailable | StaleProof:
    """Looks for the TXT record, outside any transaction, and remembers the domain as proven. Raises `NotFound`."""
    with services.store.reading() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        wanted = record_of(_own(unit, current, name))
    missing = _missing(services, wanted)
    if missing is not None:
        return missing
    with services.store.writing() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        domain = _own(unit, current, name)
        if record_of(domain) != wanted:
            return DomainObstacle.NO_RECORD
        return _prove(unit, visitor, visitor.source(current.person.id), domain, by=BY_DNS)


def lead_to(
    services: Services, visitor: Visitor, actor: Actor, name: str, connection_id: str | None
) -> Domain | StaleProof:
    """Sends the domain's addresses to one of the organisation's connections, or nowhere. Raises `NotFound`."""
    with services.store.writing() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        if connection_id is not None:
            own_connection(unit, current, connection_id)
        _own(unit, current, name)
        unit.domains.lead_to(current.organisation.id, name, connection_id)
        return _own(unit, current, name)


def give_up(services: Services, visitor: Visitor, actor: Actor, name: str) -> Domain | StaleProof:
    """Removes a domain: its addresses lead nowhere, and link nobody any more. Raises `NotFound`."""
    with services.store.writing() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        domain = _own(unit, current, name)
        unit.domains.remove(current.organisation.id, name)
        _log(unit, visitor, visitor.source(current.person.id), Kind.DOMAIN_REMOVED, domain)
        return domain


def add_by_operator(
    services: Services, visitor: Visitor, source: Source, slug: str, name: str, connection_id: str | None
) -> Domain:
    """The operator adds a domain, or leads it to another connection of that organisation. Raises `NotFound`."""
    with services.store.writing() as unit:
        organisation = _organisation(unit, slug)
        connection = unit.connections.find(connection_id) if connection_id else None
        if connection_id and (connection is None or connection.organisation_id != organisation.id):
            raise NotFound(connection_id)
        domain = _new(services, visitor, organisation.id, name, connection_id)
        if unit.domains.add(domain):
            _log(unit, visitor, source, Kind.DOMAIN_ADDED, domain)
        elif connection_id is not None:
            unit.domains.lead_to(organisation.id, name, connection_id)
        return unit.domains.find(organisation.id, name) or domain


def vouch(services: Services, visitor: Visitor, source: Source, slug: str, name: str) -> Domain:
    """The vendor vouches that the domain is the organisation's: for closed nets, where no record can be looked up.

    Raises `NotFound` for an unknown slug, or a domain that the organisation has not claimed.
    """
    with services.store.writing() as unit:
        return _prove(unit, visitor, source, _claimed(unit, slug, name), by=source.actor)


def look_up_by_operator(
    services: Services, visitor: Visitor, source: Source, slug: str, name: str
) -> Domain | DomainObstacle | Unavailable:
    """Looks for the TXT record, as `look_up` does. Raises `NotFound` for what the organisation has not claimed."""
    with services.store.reading() as unit:
        wanted = record_of(_claimed(unit, slug, name))
    missing = _missing(services, wanted)
    if missing is not None:
        return missing
    with services.store.writing() as unit:
        domain = _claimed(unit, slug, name)
        if record_of(domain) != wanted:
            return DomainObstacle.NO_RECORD
        return _prove(unit, visitor, source, domain, by=BY_DNS)


def give_up_by_operator(services: Services, visitor: Visitor, source: Source, slug: str, name: str) -> Domain:
    """Removes a domain, as `give_up` does. Raises `NotFound` for what the organisation has not claimed."""
    with services.store.writing() as unit:
        domain = _claimed(unit, slug, name)
        unit.domains.remove(domain.organisation_id, name)
        _log(unit, visitor, source, Kind.DOMAIN_REMOVED, domain)
        return domain


def _organisation(unit: Unit, slug: str) -> Organisation:
    organisation = unit.organisations.find_by_slug(slug)
    if organisation is None:
        raise NotFound(slug)
    return organisation


def _claimed(unit: Unit, slug: str, name: str) -> Domain:
    domain = unit.domains.find(_organisation(unit, slug).id, name)
    if domain is None:
        raise NotFound(name)
    return domain


def _missing(services: Services, wanted: Record) -> DomainObstacle | Unavailable | None:
    """Why the record cannot be seen; None when it can. Asked outside any transaction."""
    found = services.domain_records.texts(wanted.name)
    if isinstance(found, Unavailable):
        return found
    return None if wanted.value in {text.strip() for text in found} else DomainObstacle.NO_RECORD


def _prove(unit: Unit, visitor: Visitor, source: Source, domain: Domain, *, by: str) -> Domain:
    unit.domains.prove(domain.organisation_id, domain.name, by=by, now=visitor.now)
    _log(unit, visitor, source, Kind.DOMAIN_PROVEN, domain, by=by)
    return unit.domains.find(domain.organisation_id, domain.name) or domain


def _own(unit: Unit, current: Actor, name: str) -> Domain:
    domain = unit.domains.find(current.organisation.id, name)
    if domain is None:
        raise NotFound(name)
    return domain


def _new(services: Services, visitor: Visitor, organisation_id: str, name: str, connection_id: str | None) -> Domain:
    return Domain(
        organisation_id=organisation_id,
        name=name,
        connection_id=connection_id,
        challenge=services.random.token(),
        proven_at=None,
        proven_by="",
        created_at=visitor.now,
    )


def _log(unit: Unit, visitor: Visitor, source: Source, kind: Kind, domain: Domain, **detail: str) -> None:
    unit.log.write(
        Event(
            kind,
            visitor.now,
            source,
            organisation_id=domain.organisation_id,
            detail={"domain": domain.name, **detail},
        )
    )
