"""Filling the demonstration: organisations, persons and their passwords, by the same use cases as everybody's."""

import secrets
from pathlib import Path

from totrinn.app.enforcing import make_available
from totrinn.app.landing import Visitor
from totrinn.app.operating import Created, MembershipOffered, create_organisation, create_person
from totrinn.app.ports import Services
from totrinn.core.events import Source
from totrinn.core.roles import Role
from totrinn.demo.people import ORGANISATIONS, PEOPLE, DemoPerson

_WORDS = Path(__file__).parent / "words.txt"
_WORDS_IN_PASSWORD = 4


def fill(services: Services, visitor: Visitor, source: Source) -> dict[str, str]:
    """Makes everybody, and returns their passwords by their keys."""
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
    return {person.key: _make(services, visitor, source, person, words) for person in PEOPLE}


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
