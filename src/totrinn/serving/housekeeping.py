"""What is done every minute beside the serving: rows that are over are deleted, and the log is sealed.

Of all processes and nodes one does it: who holds the lease, a row of the database that has to be prolonged, and that
others take when its holder has not been heard of for some rounds. Two that both believe to hold it do each other no
harm: deleting twice deletes once, and the chains of the log refuse a second sealer.

Nothing that lets anybody in depends on it: whatever has expired is refused whether or not its row still stands.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from totrinn.app.applications.signing_keys import keep
from totrinn.app.auditing import seal_log
from totrinn.app.errors import StoreUnavailable
from totrinn.app.landing import Visitor
from totrinn.app.ports import is_off
from totrinn.app.resealing import reseal_what_is_left
from totrinn.core.events import Source
from totrinn.core.lifetimes import DEVICE_LIFETIME, SESSION_ABSOLUTE, SESSION_IDLE
from totrinn.core.throttle import ADDRESS_WINDOW
from totrinn.storage import gate_tables as gate
from totrinn.storage import grant_tables as g
from totrinn.storage import sso_tables as sso
from totrinn.storage import tables as t
from totrinn.storage.application_tables import application

if TYPE_CHECKING:
    from totrinn.bootstrap import Installation

INTERVAL_SECONDS = 60.0
LEASE = "housekeeping lease"
LEASE_LASTS = timedelta(minutes=3)
_AT_ONCE = 500
_SECONDS_BETWEEN_BATCHES = 0.02
_LONGEST_WORK_SECONDS = 60.0
DAYS_OF_USE = 40
"""So long is it kept how often a connection was signed in by, a day: a month, and some days to look back."""
_log = logging.getLogger("totrinn.serving.housekeeping")


class Housekeeper:
    """A thread that keeps one installation's house, whenever the lease is its own, until it is told to stop."""

    def __init__(self, installation: "Installation", *, interval: float = INTERVAL_SECONDS) -> None:
        self._installation = installation
        self._interval = interval
        self._name = secrets.token_hex(8)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begins; the first round is one interval from now, so that the start is not slowed."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, after the work that is under way, and leaves the lease to others."""
        self._stopped.set()
        self._thread.join(_LONGEST_WORK_SECONDS)

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            keep_house(self._installation, datetime.now(UTC), may_go_on=self._may_go_on)
        with suppress(StoreUnavailable), self._installation.services.store.writing() as unit:
            unit.installation.give_up_lease(LEASE, self._name)

    def _may_go_on(self) -> bool:
        """Whether the lease is ours for the next work; what takes long must not outlast it."""
        if self._stopped.is_set():
            return False
        with self._installation.services.store.writing() as unit:
            return unit.installation.take_lease(LEASE, self._name, datetime.now(UTC), LEASE_LASTS)


def keep_house(installation: "Installation", now: datetime, *, may_go_on: Callable[[], bool] = lambda: True) -> None:
    """One round, as far as it may go on. What fails is logged, and tried again in the next.

    By a wrong clock there is none, and no lease is taken: what is over, and what came first, would be misjudged.
    """
    works = (seal, delete_expired, reseal, renew_signing_keys)
    if not _believes_clock(installation):
        for work in works:
            installation.services.observer.house_kept(work.__name__, has_failed=True)
        return
    for work in works:
        has_failed = False
        try:
            if not may_go_on():
                return
            work(installation, now)
        except Exception:  # noqa: BLE001  # whatever it is, serving goes on
            _log.exception("%s failed", work.__name__)
            has_failed = True
        installation.services.observer.house_kept(work.__name__, has_failed=has_failed)


def _believes_clock(installation: "Installation") -> bool:
    """Whether this machine's clock is the database's, and has not been set while the program ran."""
    try:
        off = installation.database.clock_difference()
    except StoreUnavailable:
        _log.warning("the house is not kept, as the database does not answer")
        return False
    if not is_off(off):
        return True
    _log.error("the clock is %.0f s %s", abs(off.total_seconds()), "slow" if off > timedelta() else "fast")
    return False


def seal(installation: "Installation", now: datetime) -> int:
    """Seals the events that have been written since; how many there were."""
    return seal_log(installation.services, now)


def reseal(installation: "Installation", now: datetime) -> int:
    """Seals with the active key what others have sealed with an old one; how many values it was."""
    return reseal_what_is_left(installation.services, now, lambda _: time.sleep(_SECONDS_BETWEEN_BATCHES))


def renew_signing_keys(installation: "Installation", now: datetime) -> None:
    """Makes the next keys that sign for applications, when those that there are have grown old."""
    keep(installation.services, Visitor(now, "", ""), Source("operator:housekeeping"))


def delete_expired(installation: "Installation", now: datetime) -> int:
    """Deletes what nobody can use any more, a few rows at a time so that nobody waits for it; how many there were.

    Counters of failures stay: they end with a success only (R13).
    """
    return sum(_delete(installation, table, condition) for table, condition in _expired(now))


def _expired(now: datetime) -> tuple[tuple[sa.Table, sa.ColumnElement[bool]], ...]:
    session_over = sa.or_(
        t.session.c.last_seen < now - SESSION_IDLE,
        t.session.c.created_at < now - SESSION_ABSOLUTE,
        t.session.c.sso_ends_at < now,
    )
    first_day = (now - timedelta(days=DAYS_OF_USE)).toordinal()
    return (
        (t.confirmation, t.confirmation.c.expires_at < now),
        (t.signin, t.signin.c.expires_at < now),
        (t.session, session_over),
        (t.one_time_link, t.one_time_link.c.expires_at < now),
        (t.address_failure, t.address_failure.c.at < now - ADDRESS_WINDOW),
        (t.device, t.device.c.used_at < now - DEVICE_LIFETIME),
        (sso.sso_attempt, sso.sso_attempt.c.expires_at < now),
        (sso.spent_token, sso.spent_token.c.expires_at < now),
        (g.authorisation_request, g.authorisation_request.c.expires_at < now),
        (g.request_mark, g.request_mark.c.expires_at < now),
        (g.spent_assertion, g.spent_assertion.c.expires_at < now),
        (g.access_token, g.access_token.c.expires_at < now),
        (g.authorisation, sa.and_(g.authorisation.c.used_at.is_(None), g.authorisation.c.expires_at < now)),
        (g.application_grant, _nobody_to_tell()),
        (sso.sso_day, sso.sso_day.c.day < first_day),
        (gate.gate_ticket, gate.gate_ticket.c.expires_at < now),
    )


def _nobody_to_tell() -> sa.ColumnElement[bool]:
    """Grants that are over, of applications that are not told, or have been."""
    grant, of = g.application_grant.c, application.c
    silent = sa.select(of.id).where(of.back_channel == "")
    eventless = sa.select(of.id).where(of.events == "")
    return sa.and_(
        grant.session_id.is_(None),
        sa.or_(grant.logout_at.is_(None), grant.application_id.in_(silent)),
        sa.or_(grant.event_at.is_(None), grant.application_id.in_(eventless)),
    )


def _delete(installation: "Installation", table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    """One pass over the table in the order of its key: who writes waits for the deleting, and not for the looking."""
    engines, columns = installation.database.engines, tuple(table.primary_key.columns)
    key = sa.tuple_(*columns)
    expired = sa.select(*columns).where(condition).order_by(*columns).limit(_AT_ONCE)
    deleted, last = 0, None
    while True:
        rest = expired if last is None else expired.where(key > _values(columns, last))
        with engines.reading.begin() as connection:
            found = [tuple(row) for row in connection.execute(rest)]
        if found:
            with engines.writing.begin() as connection:
                # Asked once more: a session may have been used in between.
                deleted += connection.execute(sa.delete(table).where(key.in_(found), condition)).rowcount
        if len(found) < _AT_ONCE:
            return deleted
        last = found[-1]


def _values(columns: Sequence[sa.Column[Any]], values: Sequence[Any]) -> sa.Tuple:
    return sa.tuple_(*(sa.literal(value, column.type) for column, value in zip(columns, values, strict=True)))
