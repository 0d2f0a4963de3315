"""Is this session admitted, here and now? Asked at every request, and again inside every change.

Facts are read afresh each time; `core.policy.decide` judges them. A session that is no longer admitted ends, and the
browser is given an unfinished sign-in in the same transaction (rule 4).
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from totrinn.app.errors import NotAdmitted, NotAllowed, OwnCredentialsNeeded, StoreUnavailable
from totrinn.app.landing import Held, NowhereToGo, Visitor, facts_of, land_lost_session
from totrinn.app.ports import Services, Unit
from totrinn.app.records import LiveSession, OpenSignin, Organisation, Person, Standing
from totrinn.core.lifetimes import SEEN_GRANULARITY, Lifetimes
from totrinn.core.policy import Admit, ConnectionFacts, Method, Proof, Verdict, decide
from totrinn.core.roles import Right, Role, may

_LIFETIMES = Lifetimes()


@dataclass(frozen=True, slots=True)
class Actor:
    """An admitted person acting in their current organisation, with the role that was read with the verdict."""

    live: LiveSession
    organisation: Organisation
    role: Role

    @property
    def person(self) -> Person:
        """Who acts."""
        return self.live.standing.person

    @property
    def came_by_sso(self) -> bool:
        """Whether an organisation's provider vouches for them, and not their own credentials."""
        return self.live.session.proof.method is Method.SSO


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such session any more; only a new sign-in helps."""


def verdict_on(live: LiveSession, now: datetime) -> Verdict:
    """The verdict on a live session."""
    session = live.session
    return decide(
        facts_of(
            live.standing,
            proof=session.proof,
            person_version=session.person_version,
            now=now,
            connection=live.connection,
        )
    )


def verdict_on_signin(open_signin: OpenSignin, now: datetime) -> Verdict:
    """The verdict on an unfinished sign-in, as it stands."""
    signin = open_signin.signin
    return decide(
        facts_of(
            open_signin.standing,
            proof=signin.proof,
            person_version=signin.person_version,
            now=now,
            connection=open_signin.connection,
        )
    )


def verdict_on_maker(
    maker: Standing, proof: Proof | None, connection: ConnectionFacts | None, now: datetime
) -> Verdict:
    """The verdict on whoever made an API token, by what they had proven when they made it.

    A password that was changed since does not void it, as no integration ends with it; a reset of the factor ends the
    token itself.
    """
    return decide(facts_of(maker, proof=proof, person_version=maker.person.version, now=now, connection=connection))


def judge(services: Services, visitor: Visitor, token: str, *, next_: str) -> Actor | Held | Gone:
    """Judges the session behind this cookie: admitted, held at a step, or gone."""
    digest = services.digest(token)
    with services.store.reading() as unit:
        live = unit.sessions.find(digest)
    if live is None:
        return Gone()
    actor = admitted(live, visitor.now)
    if actor is None:
        return end_unless_admitted(services, visitor, live.session.id, next_=next_)
    if is_seen_anew(live, visitor.now):
        keep_seen(services, live.session.id, visitor.now)
    return actor


def look_at(services: Services, visitor: Visitor, token: str | None) -> Actor | None:
    """Who is admitted behind this cookie, if anybody; looking ends nothing and prolongs nothing."""
    if token is None:
        return None
    with services.store.reading() as unit:
        live = unit.sessions.find(services.digest(token))
    return None if live is None else admitted(live, visitor.now)


def admitted(live: LiveSession, now: datetime) -> Actor | None:
    """Who acts by this session; None if it is over, or not admitted."""
    if is_over(live, now) or not isinstance(verdict_on(live, now), Admit):
        return None
    return actor_of(live)


def is_seen_anew(live: LiveSession, now: datetime) -> bool:
    """Whether it is long enough since the session was last seen that it has to be written down again."""
    return now - live.session.last_seen >= SEEN_GRANULARITY


def keep_seen(services: Services, session_id: str, now: datetime) -> None:
    """Writes down that an admitted session was used, if anything can be written.

    Else it idles on: it ends sooner than it need, never later.
    """
    keep_all_seen(services, {session_id: now})


def keep_all_seen(services: Services, seen: Mapping[str, datetime]) -> None:
    """The same for several sessions, by their ids, in one transaction."""
    with suppress(StoreUnavailable), services.store.writing() as unit:
        # In one order, so that two who write of the same sessions do not wait for each other.
        for session_id, at in sorted(seen.items()):
            unit.sessions.seen(session_id, at, unless_since=at - SEEN_GRANULARITY)


def end_unless_admitted(services: Services, visitor: Visitor, session_id: str, *, next_: str) -> Actor | Held | Gone:
    """Judges the session once more, and ends it where it is over or no longer admitted; of several, one ends it."""
    with services.store.writing() as unit:
        live = unit.sessions.find_by_id(session_id)
        if live is None:
            return Gone()
        if is_over(live, visitor.now):
            unit.sessions.take(session_id)
            return Gone()
        verdict = verdict_on(live, visitor.now)
        if isinstance(verdict, Admit):
            return actor_of(live)
        landed = land_lost_session(services, unit, visitor, live, verdict, next_=next_)
    return Gone() if isinstance(landed, NowhereToGo) else landed


def acting(unit: Unit, actor: Actor, right: Right, now: datetime) -> Actor:
    """The actor, read and judged again within the transaction that is about to change something.

    Raises `NotAdmitted` when the session has ended or is no longer admitted, `NotAllowed` when the role, as it is now,
    does not carry the right.
    """
    live = unit.sessions.find_by_id(actor.live.session.id)
    if live is None or is_over(live, now):
        raise NotAdmitted
    verdict = verdict_on(live, now)
    if not isinstance(verdict, Admit):
        raise NotAdmitted(verdict)
    current = actor_of(live)
    if current.organisation.id != actor.organisation.id:
        raise NotAdmitted(verdict)
    if not may(current.role, right):
        raise NotAllowed(right)
    return current


def acting_as_oneself(unit: Unit, actor: Actor, now: datetime) -> Actor:
    """The actor, judged again, for what belongs to the person alone and to no organisation (rule 12).

    Raises `OwnCredentialsNeeded` when an organisation's SSO has opened the session; else as `acting`.
    """
    current = acting(unit, actor, Right.USE_ACCOUNT, now)
    if current.came_by_sso:
        raise OwnCredentialsNeeded
    return current


def is_over(live: LiveSession, now: datetime) -> bool:
    """Whether the session has idled or lived too long, or the provider that vouched for it has ended it by now."""
    session, sso = live.session, live.session.proof.sso
    return _LIFETIMES.is_over(
        created_at=session.created_at, last_seen=session.last_seen, now=now, ends_at=sso.ends_at if sso else None
    )


def actor_of(live: LiveSession) -> Actor:
    """Who acts in a session that was just admitted. Raises `NotAdmitted` where it has no place in its organisation."""
    organisation, role = live.standing.organisation, live.standing.role
    if organisation is None or role is None:
        raise NotAdmitted
    return Actor(live, organisation, role)
