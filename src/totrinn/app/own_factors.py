"""A signed-in person's own second factor: set up, replace, remove; recovery codes; proving oneself again."""

from dataclasses import dataclass, replace
from datetime import datetime

from totrinn.app.applications.ending import because
from totrinn.app.applications.grant_records import WhyEnded
from totrinn.app.authenticators import (
    NothingPending,
    Secret,
    confirmed,
    log_factor,
    new_pending,
    new_recovery_codes,
    shown_secret,
    store,
)
from totrinn.app.judging import Actor, acting_as_oneself
from totrinn.app.landing import Visitor
from totrinn.app.notifying import tell
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
from totrinn.app.records import Authenticator, LiveSession, MailKind, Organisation, Session
from totrinn.core.enrolment import Holder, holders_of_last_factor, is_fresh, is_fresh_for_organisation
from totrinn.core.events import Event, Kind
from totrinn.core.policy import Method, Proof


@dataclass(frozen=True, slots=True)
class Changed:
    """Done; `token` is the session's new cookie."""

    token: str
    recovery_codes: tuple[str, ...] = ()
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class StaleProof:
    """Everything that the person has must be proven again first (20 minutes)."""

    needs_code: bool
    by_sso: bool = False
    """The session came through SSO, and so it is the provider that must prove them anew."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The last factor may not be removed: these organisations require it."""

    organisations: tuple[str, ...]


def stale_proof(live: LiveSession, visitor: Visitor) -> StaleProof | None:
    """What has to be proven again before factors or the requirement may be changed; None when all is fresh."""
    has_factor = live.standing.has_factor
    if is_fresh(live.session.proof, has_factor=has_factor, now=visitor.now):
        return None
    return StaleProof(needs_code=has_factor)


def stale_for_organisation(live: LiveSession, visitor: Visitor) -> StaleProof | None:
    """The same before what governs the organisation is changed: there its own SSO counts, too (rule 13)."""
    proof, has_factor = live.session.proof, live.standing.has_factor
    if is_fresh_for_organisation(proof, has_factor=has_factor, now=visitor.now):
        return None
    by_sso = proof.method is Method.SSO
    return StaleProof(needs_code=has_factor and not by_sso, by_sso=by_sso)


def prove_again(
    services: Services, visitor: Visitor, actor: Actor, *, password: str, code: str
) -> Changed | PasswordWrong | Throttled | CodeRefused:
    """Proves the person's own password, and factor if they have one, again; the session gets a new cookie (R53).

    Raises `OwnCredentialsNeeded`: a session that came through SSO does not become one of a password.
    """
    with services.store.reading() as unit:
        acting_as_oneself(unit, actor, visitor.now)
    proven = check_password(services, visitor, actor.person.email, password)
    if not isinstance(proven, PasswordRight):
        log_refused_proof(services, visitor, actor)
        return proven
    with services.store.writing() as unit:
        current = acting_as_oneself(unit, actor, visitor.now)
        amr: tuple[str, ...] = ("pwd",)
        proof = Proof(Method.PASSWORD, visitor.now)
        if current.live.standing.has_factor:
            outcome = check_code(services, unit, visitor, current.person, code, organisation_id=current.organisation.id)
            if not isinstance(outcome, CodeRight):
                return outcome
            amr, proof = (*amr, *outcome.amr), with_factor(proof, visitor.now)
        session = replace(current.live.session, proof=proof, amr=amr)
        log_factor(unit, visitor, Kind.PROVEN_AGAIN, current.person, current.organisation.id)
        return Changed(renewed(services, unit, session))


def start(services: Services, visitor: Visitor, actor: Actor) -> Secret | StaleProof:
    """Makes the pending secret of a session, to set up a first factor or to replace the one there is."""
    with services.store.writing() as unit:
        current = acting_as_oneself(unit, actor, visitor.now)
        stale = stale_proof(current.live, visitor)
        if stale is not None:
            return stale
        pending = current.live.session.pending
        if pending is None or not pending.is_open(visitor.now):
            pending = new_pending(services, visitor, current.person)
            unit.sessions.set_pending(current.live.session.id, pending)
        return shown_secret(services, unit, current.person, pending)


def confirm(
    services: Services, visitor: Visitor, actor: Actor, typed: str
) -> Changed | NothingPending | StaleProof | CodeRefused:
    """Confirms a session's pending secret; an earlier authenticator falls away in the same step."""
    with services.store.writing() as unit:
        unit.people.lock(actor.person.id)
        current = acting_as_oneself(unit, actor, visitor.now)
        stale = stale_proof(current.live, visitor)
        if stale is not None:
            return stale
        person, session = current.person, current.live.session
        authenticator = confirmed(services, visitor, person, session.pending, typed)
        if not isinstance(authenticator, Authenticator):
            return authenticator
        replaced = unit.factors.remove_all(person.id) > 0
        shown = store(
            services,
            unit,
            visitor,
            person,
            authenticator,
            organisation_id=current.organisation.id,
            replaced=replaced,
        )
        _end_others(unit, session, visitor.now)
        unit.sessions.set_pending(session.id, None)
        amr = tuple(dict.fromkeys((*session.amr, "otp", "mfa")))
        session = replace(session, proof=with_factor(session.proof, visitor.now), amr=amr)
        return Changed(renewed(services, unit, session), shown, replaced)


def remove(
    services: Services, visitor: Visitor, actor: Actor, authenticator_id: str, typed: str, *, password: str = ""
) -> Changed | StaleProof | HeldBack | NothingPending | PasswordWrong | Throttled | CodeRefused:
    """Removes an authenticator with a fresh code; the last one only where no organisation of one's own forbids it.

    The code is the fresh proof of the factor; the password is asked for again when it was proven long ago.
    """
    with services.store.reading() as unit:
        acting_as_oneself(unit, actor, visitor.now)
    proof = actor.live.session.proof
    if not is_fresh(proof, has_factor=False, now=visitor.now):
        if not password:
            return StaleProof(needs_code=False)
        proven = check_password(services, visitor, actor.person.email, password)
        if not isinstance(proven, PasswordRight):
            log_refused_proof(services, visitor, actor)
            return proven
        proof = Proof(Method.PASSWORD, visitor.now)
    with services.store.writing() as unit:
        unit.people.lock(actor.person.id)
        current = acting_as_oneself(unit, actor, visitor.now)
        removed = _take_away(services, unit, visitor, current, authenticator_id, typed)
        if removed is not None:
            return removed
        session = replace(current.live.session, proof=with_factor(proof, visitor.now))
        return Changed(renewed(services, unit, session))


def _take_away(
    services: Services, unit: Unit, visitor: Visitor, current: Actor, authenticator_id: str, typed: str
) -> HeldBack | NothingPending | CodeRefused | None:
    """Removes it with all that follows; else says why not."""
    person = current.person
    owned = [factor.id for factor in unit.factors.of_person(person.id)]
    if authenticator_id not in owned:
        return NothingPending()
    is_last = len(owned) == 1
    held = holders(unit, person.id) if is_last else ()
    if held:
        return HeldBack(held)
    outcome = check_code(services, unit, visitor, person, typed, organisation_id=current.organisation.id)
    if not isinstance(outcome, CodeRight):
        return outcome
    if is_last:
        unit.factors.remove_all(person.id)
    else:
        unit.factors.remove(authenticator_id, person.id)
    _end_others(unit, current.live.session, visitor.now)
    log_factor(unit, visitor, Kind.FACTOR_REMOVED, person, current.organisation.id)
    tell(services, unit, person, MailKind.FACTOR_REMOVED, visitor)
    return None


def renew_recovery_codes(
    services: Services, visitor: Visitor, actor: Actor
) -> tuple[str, ...] | StaleProof | NothingPending:
    """Makes ten new recovery codes; the old ones are dead."""
    with services.store.writing() as unit:
        unit.people.lock(actor.person.id)
        current = acting_as_oneself(unit, actor, visitor.now)
        if not current.live.standing.has_factor:
            return NothingPending()
        stale = stale_proof(current.live, visitor)
        if stale is not None:
            return stale
        log_factor(unit, visitor, Kind.RECOVERY_CODES_RENEWED, current.person, current.organisation.id)
        return new_recovery_codes(services, unit, current.person)


def holders(unit: Unit, person_id: str, *, within: str | None = None) -> tuple[str, ...]:
    """The organisations that forbid this person to remove the last factor; those where they are inactive do not.

    `within` an organisation: it alone is told of.
    """
    return holders_of_last_factor(
        [
            Holder(
                m.organisation.name,
                m.role,
                m.organisation.policy.requirement,
                keeps_password=is_keeper(unit, m.organisation, person_id),
            )
            for m in unit.members.of_person(person_id)
            if m.organisation.is_active and m.accepted_at is not None and within in (None, m.organisation.id)
        ]
    )


def is_keeper(unit: Unit, organisation: Organisation, person_id: str) -> bool:
    """Whether the organisation has closed password sign-in, and counts on this person to keep theirs."""
    return organisation.passwords_closed and person_id in {each for each, _ in unit.keepers.names(organisation.id)}


def renewed(services: Services, unit: Unit, session: Session) -> str:
    """The session under a new cookie, with the proof that it now has; the old cookie is dead."""
    token = services.random.token()
    unit.sessions.renew(
        session.id,
        services.digest(token),
        new_id=session.id,
        proof=session.proof,
        amr=session.amr,
        person_version=session.person_version,
        organisation_id=session.organisation_id,
    )
    return token


def _end_others(unit: Unit, session: Session, now: datetime) -> None:
    """A change of factors ends what was proven before it: other sessions, and sign-ins under way."""
    with because(unit, WhyEnded.CREDENTIALS_CHANGED, session.person_id, now):
        unit.sessions.end_of_person(session.person_id, keep=session.id)
    unit.signins.end_of_person(session.person_id)


def log_refused_proof(services: Services, visitor: Visitor, actor: Actor) -> None:
    """Writes that somebody in this session gave a wrong password when asked for it again."""
    with services.store.writing() as unit:
        unit.log.write(
            Event(
                Kind.PROOF_REFUSED,
                visitor.now,
                visitor.source(actor.person.id),
                organisation_id=actor.organisation.id,
                person_id=actor.person.id,
            )
        )
