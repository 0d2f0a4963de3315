"""An installation to measure: an organisation that requires two-factor, and people in it who have their factors."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.browsing import Person
from bench.hashing import hashed
from totrinn.app import records
from totrinn.app.landing import Visitor
from totrinn.app.operating import Obstacle, create_organisation
from totrinn.app.ports import Services, Unit
from totrinn.app.proving import recovery_digest, totp_context
from totrinn.bootstrap import Installation, create_installation
from totrinn.config import read_settings
from totrinn.core.codes import RECOVERY_CODE_COUNT
from totrinn.core.events import Source
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role
from totrinn.core.totp import SECRET_BYTES

SLUG = "fjordly"
ADMINISTRATOR = "kari@fjordly.test"
_OPERATOR = Source("operator:bench")


def furnish(folder: Path, count: int) -> tuple[list[Person], Person]:
    """Makes the installation in this folder; (so many ordinary users, a global administrator)."""
    with created(folder) as installation:
        services, now = installation.services, datetime.now(UTC)
        organisation = _organisation(services, now)
        encoded = hashed().decode()
        with services.store.writing() as unit:
            users = [
                add_person(services, unit, organisation, f"user{number}@fjordly.test", Role.USER, encoded, now)
                for number in range(count)
            ]
            role = Role.GLOBAL_ADMINISTRATOR
            administrator = add_person(services, unit, organisation, ADMINISTRATOR, role, encoded, now)
            unit.organisations.set_available(organisation.id, now, None)
        with services.store.writing() as unit:
            revision = _found(unit).policy.revision
            unit.organisations.take_requirement(
                organisation.id, Requirement(since=now), by=None, expected_revision=revision
            )
    return users, administrator


def furnish_several(folder: Path, counts: dict[str, int], database: str | None = None) -> dict[str, list[Person]]:
    """Makes an installation of several organisations that require two-factor: so many people in each, by slug."""
    people: dict[str, list[Person]] = {}
    with created(folder, database) as installation:
        services, now = installation.services, datetime.now(UTC)
        encoded = hashed().decode()
        for slug, count in counts.items():
            organisation = _organisation(services, now, slug)
            with services.store.writing() as unit:
                people[slug] = [
                    add_person(services, unit, organisation, f"user{number}@{slug}.test", Role.USER, encoded, now)
                    for number in range(count)
                ]
                unit.organisations.set_available(organisation.id, now, None)
            with services.store.writing() as unit:
                unit.organisations.take_requirement(
                    organisation.id,
                    Requirement(since=now),
                    by=None,
                    expected_revision=_found(unit, slug).policy.revision,
                )
    return people


@contextmanager
def created(folder: Path, database: str | None = None) -> Iterator[Installation]:
    """An installation in this folder; over another database, if its address is given."""
    visitor = Visitor(now=datetime.now(UTC), address="", browser="")
    settings = read_settings({}, data=folder, database=database)
    with create_installation(settings, visitor, _OPERATOR) as installation:
        yield installation


def _organisation(services: Services, now: datetime, slug: str = SLUG) -> records.Organisation:
    visitor = Visitor(now=now, address="", browser="")
    made = create_organisation(services, visitor, _OPERATOR, name=f"{slug.capitalize()} AS", slug=slug)
    if isinstance(made, Obstacle):
        raise LookupError(made)
    return made


def _found(unit: Unit, slug: str = SLUG) -> records.Organisation:
    found = unit.organisations.find_by_slug(slug)
    if found is None:
        raise LookupError(slug)
    return found


def add_person(
    services: Services,
    unit: Unit,
    organisation: records.Organisation,
    email: str,
    role: Role,
    encoded: str,
    now: datetime,
) -> Person:
    """Stores somebody who has a factor, and is a member; what their browser and their app know."""
    person = records.Person(
        id=services.random.id(now),
        email=email,
        name=email.partition("@")[0].capitalize() + " Nordmann",
        password_hash=encoded,
        password_changed_at=now,
        language=None,
        version=1,
        is_active=True,
        must_enrol=False,
        created_at=now,
    )
    unit.people.add(person)
    unit.members.add(services.random.id(now), organisation.id, person.id, role, now=now, accepted_at=now)
    secret = secrets.token_bytes(SECRET_BYTES)
    unit.factors.add(
        records.Authenticator(
            id=services.random.id(now),
            person_id=person.id,
            kind="totp",
            sealed_secret=services.vault.seal(secret, totp_context(person.id)),
            last_step=-1,
            spent_steps=frozenset(),
            created_at=now,
            used_at=now,
        )
    )
    codes = [recovery_digest(services, person.id, secrets.token_hex(12)) for _ in range(RECOVERY_CODE_COUNT)]
    unit.factors.replace_recovery_codes(person.id, codes)
    return Person(email, secret)
