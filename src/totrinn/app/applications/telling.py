"""Applications are told when a session that they rely on has ended, by logout tokens or by events, as they wish.

Whatever ended the session, the database has taken it out of its grants in the same transaction: nobody can forget to.
Where something was changed for a whole organisation, one row says so, and each of its sessions that applications rely
on is judged. One that is not admitted any more is left to its browser, which goes on to what is now demanded (rule 4);
what applications were given for it ends.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from totrinn.app.applications.claims import seconds
from totrinn.app.applications.ending import because
from totrinn.app.applications.events import revoked_event
from totrinn.app.applications.grant_records import Channel, Grant, Told, WhyEnded
from totrinn.app.applications.granting import log_of_grant
from totrinn.app.applications.signing_keys import key_for, sign
from totrinn.app.judging import admitted, is_over
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit
from totrinn.core.events import Kind

Clock = Callable[[], datetime]
"""What time it is: a turn is long, and tokens say when they were made."""
Deliver = Callable[[str, str], bool]
"""Sends a token to an address; whether the application has taken it."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_WAITS = (timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1))
_GIVEN_UP_AFTER = timedelta(days=1)
_TOKEN_LIVES = timedelta(minutes=2)
_AT_ONCE = 50
_SWEEP_LASTS = timedelta(minutes=2)


def due(services: Services, now: datetime) -> tuple[bool, tuple[tuple[str, Channel], ...]]:
    """Whether an organisation is to be judged, and the applications that are to be told something, by which channel."""
    with services.store.reading() as unit:
        return unit.sweeps.is_any_due(now), unit.grants.to_tell(now)


def tell(
    services: Services,
    clock: Clock,
    application_id: str,
    channel: Channel,
    *,
    issuer: str,
    deliver: Deliver,
    is_enough: Callable[[], bool] = lambda: False,
) -> int:
    """Tells an application of some grants that are over; how many. When it does not listen, all of them wait.

    After each it is asked whether that `is_enough` for this turn.
    """
    with services.store.reading() as unit:
        untold = unit.grants.untold(application_id, channel, clock(), limit=_AT_ONCE)
    done = 0
    for each in untold:
        with services.store.writing() as unit:
            told = unit.grants.claim(each, until=clock() + _wait(each))
        if told is None:
            continue
        if not deliver(told.address, _token(services, clock(), told, issuer)):
            _not_heard(services, clock(), told)
            return done
        with services.store.writing() as unit:
            unit.grants.done(told)
        done += 1
        if is_enough():
            break
    return done


def _wait(told: Told) -> timedelta:
    return _WAITS[min(told.attempts, len(_WAITS) - 1)]


def _not_heard(services: Services, now: datetime, told: Told) -> None:
    with services.store.writing() as unit:
        unit.grants.postpone(told.application_id, told.channel, now, until=now + _wait(told))
        if now - told.ended_at >= _GIVEN_UP_AFTER:
            grant = Grant(told.grant_id, told.application_id, None, told.person_id, told.organisation_id)
            visitor, name = Visitor(now, "", ""), told.application_name
            log_of_grant(unit, visitor, grant, Kind.APPLICATION_UNTOLD, name, channel=told.channel.value)
            unit.grants.done(told)


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
            live = unit.sessions.find_by_id(id_)
            if live is None or admitted(live, now) is not None:
                continue
            if is_over(live, now):
                unit.grants.end_of_session(id_)
                continue
            with because(unit, WhyEnded.NOT_ADMITTED, live.session.person_id, now):
                unit.grants.end_of_session(id_)


def _is_admitted(unit: Unit, session_id: str, now: datetime) -> bool:
    live = unit.sessions.find_by_id(session_id)
    return live is not None and admitted(live, now) is not None


def _token(services: Services, now: datetime, told: Told, issuer: str) -> str:
    key = key_for(services, told.algorithm, now)
    if told.channel is Channel.EVENTS:
        return sign(services, key, revoked_event(services, told, issuer), kind="secevent+jwt")
    return sign(services, key, _logout_claims(services, now, told, issuer), kind="logout+jwt")


def _logout_claims(services: Services, now: datetime, told: Told, issuer: str) -> dict[str, object]:
    """A logout token (§2.4): always with `sid`, as some applications take one without and end nothing."""
    return {
        "iss": issuer,
        "aud": told.application_id,
        "sub": told.person_id,
        "sid": told.grant_id,
        "iat": seconds(now),
        "exp": seconds(now + _TOKEN_LIVES),
        "jti": services.random.id(now),
        "events": {LOGOUT_EVENT: {}},
    }
