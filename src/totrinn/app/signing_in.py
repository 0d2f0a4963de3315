"""Signing in: password, second factor, organisation. Each step is a use case; `landing` says what follows."""

from dataclasses import replace
from datetime import datetime

from totrinn.app.judging import verdict_on_signin
from totrinn.app.landing import Landing, NowhereToGo, Visitor, factor_throttle, land, new_signin
from totrinn.app.ports import Services, Unit
from totrinn.app.proving import (
    CodeRefused,
    CodeRight,
    PasswordRight,
    PasswordWrong,
    Throttled,
    check_code,
    check_password,
    with_factor,
)
from totrinn.app.records import Membership, OpenSignin, Person, Signin
from totrinn.core.events import Event, Kind
from totrinn.core.lifetimes import CLOCK_TOLERANCE
from totrinn.core.policy import Deny, Method, Proof, Reason
from totrinn.core.signin import Act, State, advance, allows


def sign_in(
    services: Services, visitor: Visitor, *, email: str, password: str, next_: str = ""
) -> Landing | PasswordWrong | Throttled:
    """The first step: a canonical address and a password."""
    proven = check_password(services, visitor, email, password)
    if not isinstance(proven, PasswordRight):
        return proven
    person = proven.person
    proof = Proof(Method.PASSWORD, visitor.now)
    signin = new_signin(services, visitor, person_id=person.id, person_version=person.version, proof=proof, next_=next_)
    with services.store.writing() as unit:
        signin = replace(signin, organisation_id=_only_organisation(unit, person))
        _log(unit, visitor, Kind.PASSWORD_ACCEPTED, signin)
        return land(services, unit, visitor, signin, Act.PROVED_PASSWORD, is_stored=False)


def find_signin(services: Services, visitor: Visitor, token: str) -> OpenSignin | None:
    """The unfinished sign-in behind this cookie, judged anew; None when it has ended or leads nowhere any more."""
    with services.store.reading() as unit:
        found = load_open(services, unit, visitor, token)
    if found is None:
        return None
    signin = found.signin
    if signin.state is State.ENROLLING and not (signin.pending and signin.pending.is_open(visitor.now)):
        return _forget_expired_enrolment(services, visitor, token)
    state = advance(signin.state, Act.RETURNED, verdict_on_signin(found, visitor.now))
    return None if isinstance(state, Deny) else found


def verify(services: Services, visitor: Visitor, token: str, typed: str) -> Landing | CodeRefused:
    """The second factor: a one-time code or a recovery code."""
    with services.store.writing() as unit:
        found = load_open(services, unit, visitor, token)
        if found is None or not allows(found.signin.state, Act.PROVED_CODE):
            return NowhereToGo(Reason.NOTHING_PROVEN)
        signin, person = found.signin, found.standing.person
        proven = check_code(
            services,
            unit,
            visitor,
            person,
            typed,
            organisation_id=signin.organisation_id,
            key=factor_throttle(person.id, signin.proof),
        )
        if not isinstance(proven, CodeRight):
            return proven
        signin = replace(signin, proof=with_factor(signin.proof, visitor.now), amr=(*signin.amr, *proven.amr))
        act = Act.PROVED_RECOVERY_CODE if proven.by_recovery else Act.PROVED_CODE
        return land(services, unit, visitor, signin, act)


def organisations_to_choose(services: Services, visitor: Visitor, token: str) -> tuple[Membership, ...]:
    """The organisations that this sign-in may choose among; empty unless it stands at a choice."""
    found = find_signin(services, visitor, token)
    if found is None or not allows(found.signin.state, Act.CHOSE_ORGANISATION):
        return ()
    with services.store.reading() as unit:
        return _choosable(unit, found.signin)


def choose_organisation(services: Services, visitor: Visitor, token: str, slug: str) -> Landing | None:
    """Chooses one of the person's own organisations; None when it is none of theirs (nothing changes)."""
    with services.store.writing() as unit:
        found = load_open(services, unit, visitor, token)
        if found is None or not allows(found.signin.state, Act.CHOSE_ORGANISATION):
            return NowhereToGo(Reason.NOTHING_PROVEN)
        chosen = [m for m in _choosable(unit, found.signin) if m.organisation.slug == slug]
        if not chosen:
            return None
        signin = replace(found.signin, organisation_id=chosen[0].organisation.id, pending=None)
        unit.signins.set_pending(signin.id, None, signin.state)
        _log(unit, visitor, Kind.ORGANISATION_CHOSEN, signin)
        return land(services, unit, visitor, signin, Act.CHOSE_ORGANISATION)


def abandon(services: Services, token: str) -> None:
    """Ends an unfinished sign-in."""
    with services.store.writing() as unit:
        found = unit.signins.find(services.digest(token))
        if found is not None:
            unit.signins.take(found.signin.id)


def load_open(services: Services, unit: Unit, visitor: Visitor, token: str) -> OpenSignin | None:
    """The unfinished sign-in behind this cookie within a transaction, unless it has expired."""
    found = unit.signins.find(services.digest(token))
    if found is None or not _is_alive(found.signin, visitor.now):
        return None
    return found


def _is_alive(signin: Signin, now: datetime) -> bool:
    return signin.created_at - CLOCK_TOLERANCE <= now < signin.expires_at


def _forget_expired_enrolment(services: Services, visitor: Visitor, token: str) -> OpenSignin | None:
    with services.store.writing() as unit:
        found = load_open(services, unit, visitor, token)
        if found is None:
            return None
        state = advance(found.signin.state, Act.ENROLMENT_EXPIRED, verdict_on_signin(found, visitor.now))
        if isinstance(state, Deny):
            return None
        unit.signins.set_pending(found.signin.id, None, state)
        return replace(found, signin=replace(found.signin, pending=None, state=state))


def _choosable(unit: Unit, signin: Signin) -> tuple[Membership, ...]:
    """Where this sign-in may go. A provider opens its own organisation, and is told of no other (R77)."""
    sso = signin.proof.sso
    return tuple(m for m in _accepted(unit, signin.person_id) if sso is None or m.organisation.id == sso.organisation)


def _accepted(unit: Unit, person_id: str) -> tuple[Membership, ...]:
    return tuple(
        membership
        for membership in unit.members.of_person(person_id)
        if membership.accepted_at is not None and membership.organisation.is_active
    )


def _only_organisation(unit: Unit, person: Person) -> str | None:
    accepted = _accepted(unit, person.id)
    return accepted[0].organisation.id if len(accepted) == 1 else None


def _log(unit: Unit, visitor: Visitor, kind: Kind, signin: Signin) -> None:
    unit.log.write(
        Event(
            kind,
            visitor.now,
            visitor.source(signin.person_id),
            organisation_id=signin.organisation_id,
            person_id=signin.person_id,
        )
    )
