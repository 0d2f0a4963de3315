"""Checking what a person presents: a password, a one-time code, a recovery code. Every surface checks here.

Failures are counted, and committed, before the answer goes out (R15); while one has to wait, what was typed is not
looked at. Passwords are hashed outside any transaction.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from totrinn.app.landing import Visitor, factor_throttle
from totrinn.app.notifying import tell
from totrinn.app.ports import Services, Unit
from totrinn.app.records import Authenticator, MailKind, Person
from totrinn.app.telling_once import is_first, was_told
from totrinn.core import codes, passwords, throttle, totp
from totrinn.core.events import Event, Kind
from totrinn.core.policy import Proof

_THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class PasswordRight:
    """The password is this person's."""

    person: Person


@dataclass(frozen=True, slots=True)
class PasswordWrong:
    """Unknown address, wrong password, no password, disabled: all the same."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many failures; try again at `until`, or never by this way when it is None."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class CodeRight:
    """The code was right, and has been taken. `amr` are the RFC 8176 values that it adds."""

    amr: tuple[str, ...]
    by_recovery: bool


@dataclass(frozen=True, slots=True)
class CodeWrong:
    """The code fits nothing."""


@dataclass(frozen=True, slots=True)
class CodeReplayed:
    """The code was right once, and has been used."""


@dataclass(frozen=True, slots=True)
class CodeMalformed:
    """What was typed is neither a one-time code nor a recovery code."""


@dataclass(frozen=True, slots=True)
class ClockOff:
    """The code fits another time: the phone is off by `seconds` (positive: fast)."""

    seconds: int


CodeRefused = CodeWrong | CodeReplayed | CodeMalformed | ClockOff | Throttled


def check_password(
    services: Services, visitor: Visitor, email: str, password: str
) -> PasswordRight | PasswordWrong | Throttled:
    """Checks a password for a canonical address; counts a failure per typed address and per network address."""
    with services.store.reading() as unit:
        person = unit.people.find_by_email(email)
        key = _password_throttle(services, unit, visitor, email, person)
        waits = _password_wait(unit, visitor, key)
        must_count_first = throttle.must_count_first(unit.throttles.read(key))
    counted: int | Throttled | None = waits
    if counted is None:
        counted = _count_first(services, visitor, key) if must_count_first else 0
    if isinstance(counted, Throttled):
        _log_throttled(services, visitor, person)
        return counted
    usable = person is not None and person.is_active
    encoded = person.password_hash if person is not None and usable else None
    canonical = passwords.canonical(password)
    is_right = services.passwords.verify(encoded, canonical)
    with services.store.writing() as unit:
        if person is None or not is_right:
            failures = counted or _count_failure(unit, visitor, key)
            _log_password_failure(services, unit, visitor, email, person, failures)
            return PasswordWrong()
        unit.throttles.clear(key)
    if encoded is not None and services.passwords.is_outdated(encoded):
        _rehash(services, person, encoded, canonical)
    return PasswordRight(person)


def check_code(
    services: Services,
    unit: Unit,
    visitor: Visitor,
    person: Person,
    typed: str,
    *,
    organisation_id: str | None,
    key: str | None = None,
) -> CodeRight | CodeRefused:
    """Checks and takes a code within the caller's transaction, which must commit whatever the outcome.

    `key` is the counter that failures go to; the person's own, if none is named.
    """
    code = codes.read_code(typed)
    if isinstance(code, codes.Malformed):
        return CodeMalformed()
    key = key or factor_throttle(person.id)
    counter = unit.throttles.lock(key)
    by_recovery = isinstance(code, codes.RecoveryCode)
    allowed = (throttle.recovery_allowance if by_recovery else throttle.allowance)(counter, visitor.now)
    if not isinstance(allowed, throttle.Free):
        if is_first(unit, visitor, _THROTTLED, f"code {person.id}"):
            _log_event(unit, visitor, Kind.SIGNIN_THROTTLED, person, organisation_id)
        return Throttled(allowed.until if isinstance(allowed, throttle.Wait) else None)
    if isinstance(code, codes.RecoveryCode):
        outcome: CodeRight | CodeRefused = _check_recovery(services, unit, visitor, person, code, organisation_id)
    else:
        outcome = _check_totp(services, unit, visitor, person, code)
    if not isinstance(outcome, CodeRight):
        counter = throttle.after_failure(counter, visitor.now)
        unit.throttles.save(key, counter)
        _log_code(unit, visitor, person, outcome, by_recovery=by_recovery, organisation_id=organisation_id)
        if counter.failures in throttle.MAIL_AT_FACTOR_FAILURES:
            tell(services, unit, person, MailKind.WRONG_CODES, visitor, failures=str(counter.failures))
    return outcome


def with_factor(proof: Proof, now: datetime) -> Proof:
    """The proof after a second factor was verified."""
    return replace(proof, factor_at=now)


def _check_totp(
    services: Services, unit: Unit, visitor: Visitor, person: Person, code: codes.OneTimeCode
) -> CodeRight | CodeRefused:
    refusals: list[CodeRefused] = []
    for authenticator in unit.factors.of_person(person.id):
        found = _try_authenticator(services, unit, visitor, authenticator, code)
        if isinstance(found, CodeRight):
            return found
        refusals.append(found)
    for kind in (CodeReplayed, ClockOff):
        for refusal in refusals:
            if isinstance(refusal, kind):
                return refusal
    return CodeWrong()


def _try_authenticator(
    services: Services, unit: Unit, visitor: Visitor, authenticator: Authenticator, code: codes.OneTimeCode
) -> CodeRight | CodeRefused:
    secret = services.vault.open(authenticator.sealed_secret, totp_context(authenticator.person_id))
    outcome = totp.check(
        secret,
        code.digits,
        now=visitor.now,
        last_step=authenticator.last_step,
        spent_steps=authenticator.spent_steps,
    )
    if isinstance(outcome, totp.Right):
        taken = unit.factors.take_step(authenticator.id, outcome.step, visitor.now)
        return CodeRight(("otp", "mfa"), by_recovery=False) if taken else CodeReplayed()
    if isinstance(outcome, totp.Replayed):
        return CodeReplayed()
    if isinstance(outcome, totp.Skewed):
        unit.factors.spend_step(
            authenticator.id, outcome.step, forget_before=totp.step_at(visitor.now) - totp.ACCEPTED_SKEW
        )
        return ClockOff(outcome.seconds)
    return CodeWrong()


def _check_recovery(
    services: Services,
    unit: Unit,
    visitor: Visitor,
    person: Person,
    code: codes.RecoveryCode,
    organisation_id: str | None,
) -> CodeRight | CodeRefused:
    if not unit.factors.take_recovery_code(person.id, recovery_digest(services, person.id, code.letters)):
        return CodeWrong()
    left = unit.factors.recovery_codes_left(person.id)
    _log_event(unit, visitor, Kind.RECOVERY_CODE_USED, person, organisation_id, left=str(left))
    return CodeRight(("mfa",), by_recovery=True)


def _log_event(
    unit: Unit, visitor: Visitor, kind: Kind, person: Person, organisation_id: str | None, **detail: str
) -> None:
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


def totp_context(person_id: str) -> str:
    """What a sealed TOTP secret is bound to: moved to another person's row it cannot be opened."""
    return f"totp:{person_id}"


def recovery_digest(services: Services, person_id: str, letters: str) -> bytes:
    """What is stored of a recovery code: a keyed digest, bound to the person."""
    return services.vault.digest(f"{person_id}:{letters}", "recovery-code")


def address_throttle(services: Services, email: str) -> str:
    """The key of the counter of failed passwords for a canonical address, as strangers' browsers have it."""
    return "password:" + services.vault.digest(email, "throttle").hex()


def _password_throttle(services: Services, unit: Unit, visitor: Visitor, email: str, person: Person | None) -> str:
    """The counter's key: a browser that this person has fully signed in with counts apart from strangers (R14)."""
    key = address_throttle(services, email)
    if person is None or visitor.device is None:
        return key
    device = services.digest(visitor.device)
    return f"{key}:{device.hex()}" if unit.devices.knows(device, person.id) else key


def _password_wait(unit: Unit, visitor: Visitor, key: str) -> Throttled | None:
    failures = unit.throttles.address_failures(visitor.address, visitor.now - throttle.ADDRESS_WINDOW)
    for allowed in (
        throttle.allowance(unit.throttles.read(key), visitor.now),
        throttle.address_allowance(*failures, visitor.now),
    ):
        if not isinstance(allowed, throttle.Free):
            return Throttled(allowed.until if isinstance(allowed, throttle.Wait) else None)
    return None


def _count_first(services: Services, visitor: Visitor, key: str) -> int | Throttled:
    """Counts the attempt as a failure before it is looked at: of many at once no more are looked at than may."""
    with services.store.writing() as unit:
        allowed = throttle.allowance(unit.throttles.lock(key), visitor.now)
        if not isinstance(allowed, throttle.Free):
            return Throttled(allowed.until if isinstance(allowed, throttle.Wait) else None)
        return _count_failure(unit, visitor, key)


def _count_failure(unit: Unit, visitor: Visitor, key: str) -> int:
    counter = throttle.after_failure(unit.throttles.lock(key), visitor.now)
    unit.throttles.save(key, counter)
    return counter.failures


def _log_password_failure(
    services: Services, unit: Unit, visitor: Visitor, email: str, person: Person | None, failures: int
) -> None:
    account = services.vault.digest(email, "throttle").hex()
    unit.throttles.add_address_failure(visitor.address, account, visitor.now)
    unit.log.write(
        Event(
            Kind.PASSWORD_REFUSED,
            visitor.now,
            visitor.source(),
            person_id=person.id if person else None,
            detail={"failures": str(failures)},
        )
    )


def _log_throttled(services: Services, visitor: Visitor, person: Person | None) -> None:
    """Whoever has to wait has cost no hash, and could come a thousand times a second: told once a minute."""
    person_id = person.id if person else None
    with services.store.reading() as unit:
        if was_told(unit, visitor, _THROTTLED, person_id or ""):
            return
    with services.store.writing() as unit:
        if is_first(unit, visitor, _THROTTLED, person_id or ""):
            unit.log.write(Event(Kind.SIGNIN_THROTTLED, visitor.now, visitor.source(), person_id=person_id))


def _log_code(
    unit: Unit,
    visitor: Visitor,
    person: Person,
    outcome: CodeRefused,
    *,
    by_recovery: bool,
    organisation_id: str | None,
) -> None:
    kind = Kind.CODE_REFUSED
    if by_recovery:
        kind = Kind.RECOVERY_CODE_REFUSED
    elif isinstance(outcome, CodeReplayed):
        kind = Kind.CODE_REPLAYED
    detail = {"clock_off_seconds": str(outcome.seconds)} if isinstance(outcome, ClockOff) else {}
    _log_event(unit, visitor, kind, person, organisation_id, **detail)


def _rehash(services: Services, person: Person, encoded: str, canonical: str) -> None:
    stronger = services.passwords.hash(canonical)
    with services.store.writing() as unit:
        unit.people.rehash(person.id, old_hash=encoded, new_hash=stronger)
