"""Making, confirming and storing authenticators and recovery codes: the parts that sign-in and account share.

A secret is made here, shown to the browser that asked, and becomes an authenticator only when a code from it has been
confirmed; until then it lives sealed in that browser's own sign-in or session, and counts for nothing (R22, R26, R27).
"""

import base64
from dataclasses import dataclass, replace

from totrinn.app.landing import Visitor
from totrinn.app.naming import product_name
from totrinn.app.notifying import tell
from totrinn.app.ports import Services, Unit
from totrinn.app.proving import (
    ClockOff,
    CodeMalformed,
    CodeRefused,
    CodeReplayed,
    CodeWrong,
    recovery_digest,
    totp_context,
)
from totrinn.app.records import Authenticator, MailKind, Person
from totrinn.core import codes, totp
from totrinn.core.enrolment import PENDING_LIFETIME, Pending
from totrinn.core.events import Event, Kind

_RECOVERY_CODE_BYTES = 15


@dataclass(frozen=True, slots=True)
class Secret:
    """What the person is shown of a pending secret: base32, the address that the QR code holds, and its issuer."""

    base32: str
    uri: str
    issuer: str
    pending: Pending


@dataclass(frozen=True, slots=True)
class NothingPending:
    """There is no pending secret, or it has expired; start again."""


def new_pending(services: Services, visitor: Visitor, person: Person) -> Pending:
    """A fresh secret of 160 bits, sealed to this person."""
    secret = services.random.bytes(totp.SECRET_BYTES)
    return Pending(services.vault.seal(secret, totp_context(person.id)), visitor.now + PENDING_LIFETIME)


def shown_secret(services: Services, unit: Unit, person: Person, pending: Pending) -> Secret:
    """The pending secret as its own browser is shown it."""
    issuer = product_name(services, unit)
    secret = services.vault.open(pending.sealed_secret, totp_context(person.id))
    base32 = base64.b32encode(secret).decode()
    uri = totp.provisioning_uri(base32, issuer=issuer, label=person.email)
    return Secret(base32, uri, issuer, pending)


def confirmed(
    services: Services, visitor: Visitor, person: Person, pending: Pending | None, typed: str
) -> Authenticator | NothingPending | CodeRefused:
    """The authenticator that this code confirms; its step is spent, so the same code does not sign in (R18)."""
    if pending is None or not pending.is_open(visitor.now):
        return NothingPending()
    code = codes.read_code(typed)
    if not isinstance(code, codes.OneTimeCode):
        return CodeMalformed()
    secret = services.vault.open(pending.sealed_secret, totp_context(person.id))
    outcome = totp.check(secret, code.digits, now=visitor.now, last_step=-1)
    if isinstance(outcome, totp.Skewed):
        return ClockOff(outcome.seconds)
    if not isinstance(outcome, totp.Right):
        return CodeReplayed() if isinstance(outcome, totp.Replayed) else CodeWrong()
    return Authenticator(
        id=services.random.id(visitor.now),
        person_id=person.id,
        kind="totp",
        sealed_secret=pending.sealed_secret,
        last_step=outcome.step,
        spent_steps=frozenset(),
        created_at=visitor.now,
        used_at=visitor.now,
    )


def store(
    services: Services,
    unit: Unit,
    visitor: Visitor,
    person: Person,
    authenticator: Authenticator,
    *,
    organisation_id: str | None,
    replaced: bool = False,
) -> tuple[str, ...]:
    """Stores a confirmed authenticator with ten new recovery codes (returned, to be shown once); logs it and tells."""
    unit.factors.add(replace(authenticator, issuer=product_name(services, unit)))
    unit.people.clear_must_enrol(person.id)
    kind = Kind.FACTOR_REPLACED if replaced else Kind.FACTOR_ENROLLED
    log_factor(unit, visitor, kind, person, organisation_id)
    tell(services, unit, person, MailKind.NEW_FACTOR, visitor)
    return new_recovery_codes(services, unit, person)


def new_recovery_codes(services: Services, unit: Unit, person: Person) -> tuple[str, ...]:
    """Ten new recovery codes of 120 bits, grouped for reading; any old ones are dead (R32)."""
    fresh = [
        base64.b32encode(services.random.bytes(_RECOVERY_CODE_BYTES)).decode() for _ in range(codes.RECOVERY_CODE_COUNT)
    ]
    unit.factors.replace_recovery_codes(person.id, [recovery_digest(services, person.id, letters) for letters in fresh])
    return tuple(codes.grouped(letters) for letters in fresh)


def log_factor(
    unit: Unit, visitor: Visitor, kind: Kind, person: Person, organisation_id: str | None, **detail: str
) -> None:
    """Writes an event about this person's own factors."""
    unit.log.write(
        Event(
            kind,
            visitor.now,
            visitor.source(person.id),
            organisation_id=organisation_id,
            person_id=person.id,
            detail=detail,
        )
    )
