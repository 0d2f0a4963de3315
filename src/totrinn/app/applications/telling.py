"""Applications are told when a session that they rely on has ended (OpenID Connect Back-Channel Logout 1.0).

Whatever ended the session, the database has taken it out of its grants in the same transaction: nobody can forget to.
Where something was changed for a whole organisation, one row says so, and each of its sessions that applications rely
on is judged. One that is not admitted any more is left to its browser, which goes on to what is now demanded (rule 4);
what applications were given for it ends.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from totrinn.app.applications.claims import seconds
from totrinn.app.applications.grant_records import Grant, Told
from totrinn.app.applications.granting import log_of_grant
from totrinn.app.applications.signing_keys import key_for, sign
from totrinn.app.judging import admitted
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit
from totrinn.core.events import Kind

Deliver = Callable[[str, str], bool]
"""Sends a logout token to an address; whether the application has taken it."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_WAITS = (timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1))
_GIVEN_UP_AFTER = timedelta(days=1)
_TOKEN_LIVES = timedelta(minutes=2)
_AT_ONCE = 50
_SWEEP_LASTS = timedelta(minutes=2)


def due(services: Services, now: datetime) -> tuple[bool, tuple[str, ...]]:
    """Whether an organisation is to be judged, and the applications that are to be told something."""
    with services.store.reading() as unit:
        return unit.sweeps.is_any_due(now), unit.grants.applications_to_tell(now)


def tell(services: Services, now: datetime, application_id: str, *, issuer: str, deliver: Deliver) -> int:
    """Tells an application of some grants that are over; how many. When it does not listen, all of them wait."""
    with services.store.reading() as unit:
        untold = unit.grants.untold(application_id, now, limit=_AT_ONCE)
    done = 0
    for told in untold:
        wait = _WAITS[min(told.attempts, len(_WAITS) - 1)]
        with services.store.writing() as unit:
            if not unit.grants.claim(told, until=now + wait):
                continue
        if deliver(told.address, _logout_token(services, now, told, issuer)):
            with services.store.writing() as unit:
                unit.grants.forget(told.grant_id)
            done += 1
            continue
        with services.store.writing() as unit:
            unit.grants.postpone(application_id, now, until=now + wait)
            if now - told.ended_at >= _GIVEN_UP_AFTER:
                _give_up(unit, now, told)
        return done
    return done


def sweep(services: Services, now: datetime) -> bool:
    """Judges the sessions of one organisation for which that is due; False when there is none."""
    with services.store.writing() as unit:
        taken = unit.sweeps.take_due(now, until=now + _SWEEP_LASTS)
    if taken is None:
        return False
    after = ""
    while True:
        with services.store.reading() as unit:
            ids = unit.grants.sessions(taken.organisation_id, after=after, limit=_AT_ONCE)
            lost = [id_ for id_ in ids if not _is_admitted(unit, id_, now)]
        if lost:
            _end_lost(services, lost, now)
        if len(ids) < _AT_ONCE:
            break
        after = ids[-1]
    with services.store.writing() as unit:
        unit.sweeps.done(taken)
    return True


def _end_lost(services: Services, lost: list[str], now: datetime) -> None:
    with services.store.writing() as unit:
        for id_ in lost:
            # Asked once more: the person may have proven what is demanded in between.
            if not _is_admitted(unit, id_, now):
                unit.grants.end_of_session(id_)


def _is_admitted(unit: Unit, session_id: str, now: datetime) -> bool:
    live = unit.sessions.find_by_id(session_id)
    return live is not None and admitted(live, now) is not None


def _logout_token(services: Services, now: datetime, told: Told, issuer: str) -> str:
    """A logout token (§2.4): always with `sid`, as some applications take one without and end nothing."""
    claims = {
        "iss": issuer,
        "aud": told.application_id,
        "sub": told.person_id,
        "sid": told.grant_id,
        "iat": seconds(now),
        "exp": seconds(now + _TOKEN_LIVES),
        "jti": services.random.id(now),
        "events": {LOGOUT_EVENT: {}},
    }
    return sign(services, key_for(services, told.algorithm, now), claims, kind="logout+jwt")


def _give_up(unit: Unit, now: datetime, told: Told) -> None:
    grant = Grant(told.grant_id, told.application_id, None, told.person_id, told.organisation_id)
    log_of_grant(unit, Visitor(now, "", ""), grant, Kind.APPLICATION_UNTOLD, told.application_name)
    unit.grants.forget(told.grant_id)
