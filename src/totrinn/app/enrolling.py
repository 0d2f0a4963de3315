"""Enrolment at sign-in: the person is held here until they have set up a second factor, and is admitted by doing so."""

from dataclasses import dataclass, replace

from totrinn.app.authenticators import NothingPending, confirmed, new_pending, store
from totrinn.app.judging import verdict_on_signin
from totrinn.app.landing import Admitted, Held, NowhereToGo, Visitor, land
from totrinn.app.ports import Services
from totrinn.app.proving import (
    CodeRefused,
    PasswordRight,
    PasswordWrong,
    Throttled,
    check_password,
    with_factor,
)
from totrinn.app.records import Authenticator, OpenSignin, Signin
from totrinn.app.signing_in import load_open
from totrinn.core.enrolment import password_is_recent
from totrinn.core.policy import Deny, Reason
from totrinn.core.signin import Act, State, advance, allows


class EnrolmentDidNotAdmit(Exception):
    """Enrolment was confirmed but would not admit: the transaction rolls back and nothing is kept."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The authenticator is confirmed and the person let in; the recovery codes are shown once."""

    recovery_codes: tuple[str, ...]
    landed: Admitted


@dataclass(frozen=True, slots=True)
class PasswordNeeded:
    """The password was proven too long ago to show a secret."""


def needs_password(signin: Signin, visitor: Visitor) -> bool:
    """Whether the password is asked again before a secret is shown; an open secret has been shown already."""
    if signin.state is State.ENROLLING:
        return False
    return signin.state is State.MUST_REPROVE or not password_is_recent(signin.proof, visitor.now)


def start(
    services: Services, visitor: Visitor, token: str, password: str | None
) -> Held | NowhereToGo | PasswordNeeded | PasswordWrong | Throttled:
    """Makes the pending secret of an unfinished sign-in; while one is open, the same one stays."""
    with services.store.reading() as unit:
        found = load_open(services, unit, visitor, token)
    if found is None:
        return NowhereToGo(Reason.NOTHING_PROVEN)
    if needs_password(found.signin, visitor):
        proven = _prove_password_again(services, visitor, found, token, password)
        if not isinstance(proven, Held):
            return proven
        token = proven.token
    return _make_pending(services, visitor, token)


def confirm(
    services: Services, visitor: Visitor, token: str, typed: str
) -> Enrolled | NowhereToGo | NothingPending | CodeRefused:
    """Confirms the pending secret with a code from the app, and admits; of two secrets only the first counts."""
    with services.store.writing() as unit:
        found = load_open(services, unit, visitor, token)
        if found is None:
            return NowhereToGo(Reason.NOTHING_PROVEN)
        unit.people.lock(found.signin.person_id)
        found = load_open(services, unit, visitor, token)
        if found is None or _judged(found, visitor) is None:
            return NowhereToGo(Reason.NOTHING_PROVEN)
        signin, person = found.signin, found.standing.person
        if not allows(signin.state, Act.CONFIRMED_ENROLMENT):
            return NothingPending()
        authenticator = confirmed(services, visitor, person, signin.pending, typed)
        if not isinstance(authenticator, Authenticator):
            return authenticator
        shown = store(services, unit, visitor, person, authenticator, organisation_id=signin.organisation_id)
        signin = replace(signin, proof=with_factor(signin.proof, visitor.now), amr=(*signin.amr, "otp", "mfa"))
        landed = land(services, unit, visitor, signin, Act.CONFIRMED_ENROLMENT)
        if not isinstance(landed, Admitted):
            raise EnrolmentDidNotAdmit(str(landed))
        return Enrolled(shown, landed)


def _prove_password_again(
    services: Services, visitor: Visitor, found: OpenSignin, token: str, password: str | None
) -> Held | NowhereToGo | PasswordNeeded | PasswordWrong | Throttled:
    if not allows(found.signin.state, Act.PROVED_PASSWORD_AGAIN):
        return NowhereToGo(Reason.NOTHING_PROVEN)
    if not password:
        return PasswordNeeded()
    proven = check_password(services, visitor, found.standing.person.email, password)
    if not isinstance(proven, PasswordRight):
        return proven
    with services.store.writing() as unit:
        again = load_open(services, unit, visitor, token)
        if again is None:
            return NowhereToGo(Reason.NOTHING_PROVEN)
        signin = replace(again.signin, proof=replace(again.signin.proof, proven_at=visitor.now))
        landed = land(services, unit, visitor, signin, Act.PROVED_PASSWORD_AGAIN)
    return NowhereToGo(Reason.NOTHING_PROVEN) if isinstance(landed, Admitted) else landed


def _make_pending(services: Services, visitor: Visitor, token: str) -> Held | NowhereToGo:
    with services.store.writing() as unit:
        found = load_open(services, unit, visitor, token)
        if found is None:
            return NowhereToGo(Reason.NOTHING_PROVEN)
        signin = found.signin
        state = advance(signin.state, Act.STARTED_ENROLMENT, verdict_on_signin(found, visitor.now))
        if isinstance(state, Deny):
            return NowhereToGo(state.reason)
        is_open = signin.pending is not None and signin.pending.is_open(visitor.now)
        pending = signin.pending if is_open else new_pending(services, visitor, found.standing.person)
        unit.signins.set_pending(signin.id, pending, state)
        return Held(token, state)


def _judged(found: OpenSignin, visitor: Visitor) -> State | None:
    """The state that returning leaves the sign-in in; None when it leads nowhere any more."""
    state = advance(found.signin.state, Act.RETURNED, verdict_on_signin(found, visitor.now))
    return None if isinstance(state, Deny) else state
