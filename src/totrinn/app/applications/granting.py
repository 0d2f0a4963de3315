"""Giving an application a code, for a session that has just been judged; and asking of a grant whether it still holds.

What a code and its tokens are worth is asked anew each time they come: the session behind them is read and judged like
that of a page. Nothing in a token outlives its session.
"""

from datetime import datetime, timedelta

from totrinn.app.applications.grant_records import Asked, Authorisation, Grant
from totrinn.app.applications.records import Application
from totrinn.app.judging import Actor, admitted, is_seen_anew
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit
from totrinn.core.authorising import level_of, proven_at
from totrinn.core.events import Event, Kind
from totrinn.core.lifetimes import SEEN_GRANULARITY

CODE_LIVES = timedelta(seconds=60)


def grant_code(services: Services, unit: Unit, visitor: Visitor, current: Actor, asked: Asked) -> str | None:
    """A code for this session, which was judged in this transaction; None when the application is switched off."""
    application = unit.applications.find(asked.application_id)
    if application is None or not application.is_enabled:
        return None
    # The session first, then its grants: in the order in which they are ended, so that nobody waits for each other.
    keep_alive(unit, current, visitor.now)
    grant = _grant(services, unit, visitor, current, application)
    code = services.random.token()
    proof = current.live.session.proof
    unit.authorisations.add(
        services.digest(code),
        Authorisation(
            id=services.random.id(visitor.now),
            grant=grant,
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
            nonce=asked.nonce,
            scopes=asked.scopes,
            auth_time=proven_at(proof),
            level=level_of(proof),
            amr=current.live.session.amr,
            expires_at=visitor.now + CODE_LIVES,
        ),
        visitor.now,
    )
    return code


def holder_of(unit: Unit, grant: Grant, now: datetime) -> Actor | None:
    """The person whose session the grant relies on, as they are now; None when they are not admitted any more."""
    live = None if grant.session_id is None else unit.sessions.find_by_id(grant.session_id)
    if live is None or (live.session.person_id, live.session.organisation_id) != (
        grant.person_id,
        grant.organisation_id,
    ):
        return None
    return admitted(live, now)


def keep_alive(unit: Unit, holder: Actor, now: datetime) -> None:
    """What an application does for its person is use of the session."""
    if is_seen_anew(holder.live, now):
        unit.sessions.seen(holder.live.session.id, now, unless_since=now - SEEN_GRANULARITY)


def log_of_grant(unit: Unit, visitor: Visitor, grant: Grant, kind: Kind, name: str, **more: str) -> None:
    """Writes what happened to somebody's grant to an application of this name."""
    unit.log.write(
        Event(
            kind,
            visitor.now,
            visitor.source(grant.person_id),
            organisation_id=grant.organisation_id,
            person_id=grant.person_id,
            detail={"application": grant.application_id, "name": name, **more},
        )
    )


def _grant(services: Services, unit: Unit, visitor: Visitor, current: Actor, application: Application) -> Grant:
    """The grant of this application and session; the first time in a session is written to the log."""
    session = current.live.session
    grant = Grant(services.random.token(), application.id, session.id, session.person_id, session.organisation_id)
    id_, is_new = unit.grants.ensure(grant, visitor.now)
    if is_new:
        log_of_grant(unit, visitor, grant, Kind.APPLICATION_ENTERED, application.name)
    return Grant(id_, application.id, session.id, session.person_id, session.organisation_id)
