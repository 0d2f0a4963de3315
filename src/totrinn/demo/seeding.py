"""Filling the demonstration: organisations, people, passwords, a connection; by the same use cases as everywhere."""

import secrets
from pathlib import Path

from totrinn.app import connecting, owning_domains
from totrinn.app.enforcing import make_available
from totrinn.app.identity_providers import OidcSettings
from totrinn.app.landing import Visitor
from totrinn.app.operating import Created, MembershipOffered, create_organisation, create_person
from totrinn.app.ports import Services
from totrinn.app.sso_describing import our_side
from totrinn.app.sso_records import Connection
from totrinn.core.events import Source
from totrinn.core.roles import Role
from totrinn.core.sso import SsoRules
from totrinn.demo.people import NORDLYS, NORDLYS_DOMAIN, ORGANISATIONS, PEOPLE, DemoPerson
from totrinn.demo.provider import PATH, Client

_WORDS = Path(__file__).parent / "words.txt"
_WORDS_IN_PASSWORD = 4


def fill(services: Services, visitor: Visitor, source: Source) -> dict[str, str]:
    """Makes everybody who is registered, and returns their passwords by their keys."""
    for organisation in ORGANISATIONS:
        create_organisation(
            services,
            visitor,
            source,
            name=organisation.name,
            slug=organisation.slug,
            language=organisation.language,
        )
        if organisation.is_available:
            make_available(services, source, organisation.slug, why="Asked for by Kari Fjeldstad", now=visitor.now)
    words = _WORDS.read_text(encoding="utf-8").split()
    return {person.key: _make(services, visitor, source, person, words) for person in PEOPLE if person.is_registered}


def connect(services: Services, visitor: Visitor, source: Source, base_url: str) -> Client:
    """Connects Nordlys kommune to its provider; returns what the provider must know of us."""
    client_id, secret = f"totrinn-{secrets.token_hex(4)}", secrets.token_urlsafe(32)
    draft = connecting.Draft(
        name="Nordlys kommune-innlogging",
        settings=OidcSettings(issuer=f"{base_url}{PATH}", client_id=client_id),
        rules=SsoRules(),
        secret=secret,
    )
    connection = connecting.add_by_operator(services, visitor, source, NORDLYS, draft)
    if not isinstance(connection, Connection):
        raise TypeError(connection)
    owning_domains.add_by_operator(services, visitor, source, NORDLYS, NORDLYS_DOMAIN, connection.id)
    owning_domains.vouch(services, visitor, source, NORDLYS, NORDLYS_DOMAIN)
    return Client(client_id, secret, f"{base_url}{our_side(connection.id).callback}")


def new_password(words: list[str]) -> str:
    """Words that are easily read off one window and typed into another."""
    return "-".join(secrets.choice(words) for _ in range(_WORDS_IN_PASSWORD))


def _make(services: Services, visitor: Visitor, source: Source, person: DemoPerson, words: list[str]) -> str:
    password = new_password(words)
    _create(services, visitor, source, person, person.organisation, person.role, password)
    if person.also:
        _create(services, visitor, source, person, person.also, Role.USER, None)
    return password


def _create(
    services: Services,
    visitor: Visitor,
    source: Source,
    person: DemoPerson,
    slug: str,
    role: Role,
    password: str | None,
) -> None:
    made = create_person(
        services,
        visitor,
        source,
        email=person.email,
        name=person.name,
        slug=slug,
        role=role,
        password=password,
    )
    if not isinstance(made, (Created, MembershipOffered)):
        raise TypeError(made)
