"""Where a sign-in lands after each step: the verdict on fresh facts, the one transition table, then the effects, once.

Every way in goes through `land`; it is the only place that makes a session.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from totrinn.app.applications.ending import because
from totrinn.app.applications.grant_records import WhyEnded
from totrinn.app.ports import Services, Unit
from totrinn.app.records import LiveSession, Session, Signin, Standing
from totrinn.core.enrolment import password_is_recent
from totrinn.core.events import Event, Kind, Source
from totrinn.core.lifetimes import SIGNIN_LIFETIME
from totrinn.core.policy import (
    ConnectionFacts,
    Deny,
    Facts,
    Method,
    MustEnrol,
    Proof,
    Reason,
    Verdict,
    decide,
)
from totrinn.core.signin import Act, State, advance


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, as far as the network tells; `now` is when the request is looked at, and handed down."""

    now: datetime
    address: str
    browser: str
    device: str | None = None
    """The browser's device cookie: proves nothing but that someone has once fully signed in here."""

    def source(self, actor: str = "") -> Source:
        """Where an event of this request comes from."""
        return Source(actor=actor, address=self.address, browser=self.browser)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A session was made: its cookie, the browser's device cookie, and where the person wanted to go."""

    token: str
    device: str | None
    """None after SSO, where the person's own credentials were not used."""
    next: str
    organisation_id: str
    by_recovery: bool
    """Let in by a recovery code: the new phone should be set up now."""


@dataclass(frozen=True, slots=True)
class Held:
    """An unfinished sign-in stands at this state, under this (new) cookie."""

    token: str
    state: State


@dataclass(frozen=True, slots=True)
class NowhereToGo:
    """No step leads on; the unfinished sign-in, if there was one, has ended."""

    reason: Reason


Landing = Admitted | Held | NowhereToGo


def facts_of(
    standing: Standing,
    *,
    proof: Proof | None,
    person_version: int,
    now: datetime,
    connection: ConnectionFacts | None = None,
) -> Facts:
    """The facts that `decide` rests on, from what was just read."""
    return Facts(
        now,
        standing.person_facts,
        proof,
        proof_is_current=person_version == standing.person.version,
        organisation=standing.organisation_facts,
        membership_count=standing.membership_count,
        connection=connection,
    )


def new_signin(
    services: Services,
    visitor: Visitor,
    *,
    person_id: str,
    person_version: int,
    proof: Proof,
    next_: str,
    amr: tuple[str, ...] = ("pwd",),
    organisation_id: str | None = None,
) -> Signin:
    """A sign-in that has proven its first step and stands nowhere yet; it is stored only where it lands."""
    return Signin(
        id=services.random.id(visitor.now),
        person_id=person_id,
        organisation_id=organisation_id,
        person_version=person_version,
        state=State.NOTHING_PROVEN,
        proof=proof,
        amr=amr,
        pending=None,
        next=next_,
        created_at=visitor.now,
        expires_at=visitor.now + SIGNIN_LIFETIME,
    )


def land(
    services: Services, unit: Unit, visitor: Visitor, signin: Signin, act: Act, *, is_stored: bool = True
) -> Landing:
    """Judges the sign-in as it now is (proof and organisation already those after the act), and moves it on.

    `is_stored`: whether the sign-in has a row already, which is then moved or taken by one conditional statement, so
    that of two parallel steps only one lands.
    """
    standing = unit.people.standing(signin.person_id, signin.organisation_id)
    if standing is None:
        return NowhereToGo(Reason.INACTIVE)
    verdict = decide(
        facts_of(
            standing,
            proof=signin.proof,
            person_version=signin.person_version,
            now=visitor.now,
            connection=_connection(unit, signin),
        )
    )
    state = advance(signin.state, act, verdict)
    if isinstance(state, Deny):
        if is_stored:
            unit.signins.take(signin.id)
        return NowhereToGo(state.reason)
    if state is State.ADMITTED:
        return _admit(services, unit, visitor, signin, standing, is_stored=is_stored)
    if isinstance(verdict, MustEnrol) and state is State.MUST_ENROL:
        _log_held(unit, visitor, signin, verdict)
    return _hold(services, unit, signin, state, is_stored=is_stored)


def land_lost_session(
    services: Services, unit: Unit, visitor: Visitor, live: LiveSession, verdict: Verdict, *, next_: str
) -> Held | NowhereToGo:
    """Ends a session that is no longer admitted; its browser gets an unfinished sign-in where one leads on.

    Where somebody else has just ended it, there is nothing more to end, and nothing to tell.
    """
    session = live.session
    with because(unit, WhyEnded.NOT_ADMITTED, session.person_id, visitor.now):
        is_taken = unit.sessions.take(session.id)
    if not is_taken:
        return NowhereToGo(verdict.reason)
    unit.log.write(
        Event(
            Kind.SESSION_NO_LONGER_ADMITTED,
            visitor.now,
            visitor.source(session.person_id),
            organisation_id=session.organisation_id,
            person_id=session.person_id,
            detail={"reason": verdict.reason},
        )
    )
    signin = _of_session(services, visitor, live, session.organisation_id, next_=next_)
    landed = land(services, unit, visitor, signin, _loss(session.proof, visitor.now), is_stored=False)
    return landed if isinstance(landed, (Held, NowhereToGo)) else NowhereToGo(verdict.reason)


def land_switch(services: Services, unit: Unit, visitor: Visitor, live: LiveSession, organisation_id: str) -> Landing:
    """Judges the session's proof for another organisation: admitted there, or held at a step, and the session ends.

    Where it leads nowhere, the session goes on.
    """
    signin = _of_session(services, visitor, live, organisation_id, next_="")
    recent = signin.proof.method is Method.PASSWORD and password_is_recent(signin.proof, visitor.now)
    act = Act.SWITCHED if recent else Act.SWITCHED_LONG_AGO
    landed = land(services, unit, visitor, signin, act, is_stored=False)
    if not isinstance(landed, NowhereToGo):
        unit.sessions.take(live.session.id)
    return landed


def _loss(proof: Proof, now: datetime) -> Act:
    if proof.method is Method.SSO:
        return Act.LOST_SSO_ADMISSION
    return Act.LOST_ADMISSION if password_is_recent(proof, now) else Act.LOST_ADMISSION_LONG_AGO


def _connection(unit: Unit, signin: Signin) -> ConnectionFacts | None:
    sso = signin.proof.sso
    return None if sso is None else unit.identities.facts(sso.identity, signin.person_id)


def _of_session(services: Services, visitor: Visitor, live: LiveSession, organisation_id: str, *, next_: str) -> Signin:
    """A sign-in that stands where the session stood: admitted, with the session's proof and no newer one."""
    session = live.session
    signin = new_signin(
        services,
        visitor,
        person_id=session.person_id,
        person_version=session.person_version,
        proof=session.proof,
        next_=next_,
    )
    return replace(signin, organisation_id=organisation_id, state=State.ADMITTED, amr=session.amr)


def _hold(services: Services, unit: Unit, signin: Signin, state: State, *, is_stored: bool) -> Held | NowhereToGo:
    token = services.random.token()
    digest = services.digest(token)
    if not is_stored:
        unit.signins.add(digest, replace(signin, state=state))
        return Held(token, state)
    moved = unit.signins.move(
        signin.id,
        digest,
        expected_state=signin.state,
        state=state,
        proof=signin.proof,
        amr=signin.amr,
        organisation_id=signin.organisation_id,
    )
    return Held(token, state) if moved else NowhereToGo(Reason.NOTHING_PROVEN)


def _admit(
    services: Services, unit: Unit, visitor: Visitor, signin: Signin, standing: Standing, *, is_stored: bool
) -> Admitted | NowhereToGo:
    organisation = standing.organisation
    if organisation is None or (is_stored and not unit.signins.take(signin.id)):
        return NowhereToGo(Reason.NOTHING_PROVEN)
    token = services.random.token()
    unit.sessions.add(
        services.digest(token),
        Session(
            id=services.random.id(visitor.now),
            person_id=signin.person_id,
            organisation_id=organisation.id,
            person_version=signin.person_version,
            proof=signin.proof,
            amr=signin.amr,
            pending=None,
            # From the password on: whatever is chosen or switched to afterwards prolongs nothing (R56).
            created_at=signin.proof.proven_at,
            last_seen=visitor.now,
            browser=visitor.browser,
            address=visitor.address,
        ),
    )
    # Only a live session comes here as admitted already: whoever changes organisation proves nothing anew, and so is
    # forgiven no wrong codes. Nor is anybody by what only a provider says.
    is_switch = signin.state is State.ADMITTED
    by_password = signin.proof.method is Method.PASSWORD
    if not is_switch and (by_password or signin.proof.factor_at is not None):
        unit.throttles.clear(factor_throttle(signin.person_id, signin.proof))
    unit.members.used(organisation.id, signin.person_id, visitor.now)
    _log_admitted(unit, visitor, signin, organisation.id, Kind.ORGANISATION_CHOSEN if is_switch else Kind.SIGNED_IN)
    device = _remember_device(services, unit, visitor, signin.person_id) if by_password else None
    by_recovery = by_password and "mfa" in signin.amr and "otp" not in signin.amr
    return Admitted(token, device, signin.next, organisation.id, by_recovery)


def _remember_device(services: Services, unit: Unit, visitor: Visitor, person_id: str) -> str:
    """The browser keeps its device cookie if we once gave it that; a value of its own making is not adopted (R54)."""
    if visitor.device is not None and unit.devices.knows_any(services.digest(visitor.device)):
        device = visitor.device
    else:
        device = services.random.token()
    unit.devices.remember(services.digest(device), person_id, visitor.now)
    return device


def _log_admitted(unit: Unit, visitor: Visitor, signin: Signin, organisation_id: str, kind: Kind) -> None:
    unit.log.write(
        Event(
            kind,
            visitor.now,
            visitor.source(signin.person_id),
            organisation_id=organisation_id,
            person_id=signin.person_id,
            detail={"amr": " ".join(signin.amr)},
        )
    )


def _log_held(unit: Unit, visitor: Visitor, signin: Signin, verdict: MustEnrol) -> None:
    unit.log.write(
        Event(
            Kind.HELD_AT_ENROLMENT,
            visitor.now,
            visitor.source(signin.person_id),
            organisation_id=signin.organisation_id,
            person_id=signin.person_id,
            detail={"reason": verdict.reason},
        )
    )


def factor_throttle(person_id: str, proof: Proof | None = None) -> str:
    """The key of a person's second-factor counter.

    Behind a provider's word failures count apart: it must not close the person's own way in, elsewhere.
    """
    if proof is not None and proof.sso is not None:
        return f"factor:{person_id}:{proof.sso.organisation}"
    return f"factor:{person_id}"
