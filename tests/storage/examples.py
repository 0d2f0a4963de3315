"""Rows to test with."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from totrinn.app.ports import Unit
from totrinn.app.records import (
    Authenticator,
    LinkPurpose,
    OneTimeLink,
    Organisation,
    Person,
    Session,
    Signin,
    StoredConfirmation,
)
from totrinn.core.enforcement import Policy, Wish
from totrinn.core.enrolment import Pending
from totrinn.core.events import Event, Kind, Source
from totrinn.core.policy import Method, Proof, Requirement
from totrinn.core.roles import Role
from totrinn.core.signin import State

NOW = datetime(2026, 11, 23, 12, 30, 15, 123_456, tzinfo=UTC)
PROOF = Proof(Method.PASSWORD, NOW, NOW + timedelta(seconds=7), None)
PENDING = Pending(b"sealed pending secret", NOW + timedelta(minutes=10))
_numbers = itertools.count(1)


def new_id() -> str:
    """An id that sorts after all before it."""
    return f"00000000-0000-7000-8000-{next(_numbers):012x}"


def digest(label: str) -> bytes:
    """Something like the digest of a token."""
    return label.encode().ljust(32, b".")


def a_person(**changes: Any) -> Person:
    """A person with a password."""
    id_ = new_id()
    person = Person(
        id=id_,
        email=f"{id_}@example.no",
        name="Kari Nordmann",
        password_hash="$argon2id$example",
        password_changed_at=NOW,
        language="nn",
        version=1,
        is_active=True,
        must_enrol=False,
        created_at=NOW,
    )
    return replace(person, **changes)


def an_organisation(**changes: Any) -> Organisation:
    """A customer organisation that does not require anything."""
    id_ = new_id()
    organisation = Organisation(
        id=id_,
        slug=f"slug-{id_}",
        name="Fjord kommune",
        language="nb",
        time_zone="Europe/Oslo",
        is_vendor=False,
        is_active=True,
        policy=Policy(Requirement(), 1, None),
        available_by=None,
        required_by=None,
        created_at=NOW,
    )
    return replace(organisation, **changes)


def an_authenticator(person_id: str, **changes: Any) -> Authenticator:
    """An authenticator whose last step is 100."""
    authenticator = Authenticator(new_id(), person_id, "totp", b"sealed secret", 100, frozenset(), NOW, None)
    return replace(authenticator, **changes)


def a_signin(person_id: str, **changes: Any) -> Signin:
    """An unfinished sign-in that waits for a code."""
    signin = Signin(
        id=new_id(),
        person_id=person_id,
        organisation_id=None,
        person_version=1,
        state=State.VERIFYING,
        proof=PROOF,
        amr=("pwd",),
        pending=None,
        next="/members?page=2",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
    )
    return replace(signin, **changes)


def a_session(person_id: str, organisation_id: str, **changes: Any) -> Session:
    """A session."""
    session = Session(
        id=new_id(),
        person_id=person_id,
        organisation_id=organisation_id,
        person_version=1,
        proof=PROOF,
        amr=("pwd", "otp"),
        pending=None,
        created_at=NOW,
        last_seen=NOW,
        browser="Firefox on Linux",
        address="192.0.2.7",
    )
    return replace(session, **changes)


def a_link(**changes: Any) -> OneTimeLink:
    """A set-up link."""
    link = OneTimeLink(new_id(), LinkPurpose.SETUP, None, None, Role.VENDOR, NOW, NOW + timedelta(hours=1))
    return replace(link, **changes)


def a_confirmation(session: Session, **changes: Any) -> StoredConfirmation:
    """A confirmation that the requirement is to be turned on."""
    confirmation = StoredConfirmation(
        session.id, session.organisation_id, Wish(on=True), 1, "3-12345-0-0", NOW + timedelta(minutes=5)
    )
    return replace(confirmation, **changes)


def an_event(**changes: Any) -> Event:
    """Somebody signed in."""
    event = Event(Kind.SIGNED_IN, NOW, Source("", "192.0.2.7", "Firefox"), None, None, {"amr": "pwd otp"})
    return replace(event, **changes)


def add_person(unit: Unit, **changes: Any) -> Person:
    """Stores a person."""
    person = a_person(**changes)
    assert unit.people.add(person)
    return person


def add_organisation(unit: Unit, **changes: Any) -> Organisation:
    """Stores an organisation."""
    organisation = an_organisation(**changes)
    assert unit.organisations.add(organisation)
    return organisation


def add_member(
    unit: Unit, organisation_id: str, *, role: Role = Role.USER, is_accepted: bool = True, has_factor: bool = False,
    **changes: Any,
) -> Person:  # fmt: skip
    """Stores a person who is a member of the organisation, or invited to it."""
    person = add_person(unit, **changes)
    assert unit.members.add(
        new_id(), organisation_id, person.id, role, now=NOW, accepted_at=NOW if is_accepted else None
    )
    if has_factor:
        unit.factors.add(an_authenticator(person.id))
    return person


def add_session(unit: Unit, person_id: str, organisation_id: str, label: str, **changes: Any) -> Session:
    """Stores a session under the digest of this label."""
    session = a_session(person_id, organisation_id, **changes)
    unit.sessions.add(digest(label), session)
    return session
