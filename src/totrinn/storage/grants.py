"""Grants: that an application relies on a session; and those that are over, until their applications have been told."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too
from sqlalchemy.sql.dml import ReturningUpdate

from totrinn.app import ports
from totrinn.app.applications.grant_records import Channel, Grant, Told, WhyEnded
from totrinn.storage.application_tables import application
from totrinn.storage.grant_tables import application_grant
from totrinn.storage.repository import Repository, is_which

_G, _A = application_grant.c, application.c
GRANT = (_G.id, _G.application_id, _G.session_id, _G.person_id, _G.organisation_id)
"""In the order of the fields of `Grant`."""

_OF_SESSION = is_which(_G.session_id, "which_session")
_ADD = (
    insert(application_grant).on_conflict_do_nothing(index_elements=["session_id", "application_id"]).returning(_G.id)
)
_FIND = select(*GRANT).where(is_which(_G.id))
_FIND_OF_SESSION = select(_G.id).where(_OF_SESSION, is_which(_G.application_id, "which_application"))
_ENDED = update(application_grant).where(_G.session_id.is_not(None)).values(session_id=None)
_END = _ENDED.where(is_which(_G.id))
_END_OF_SESSION = _ENDED.where(_OF_SESSION)
_END_OF_APPLICATION = _ENDED.where(is_which(_G.application_id, "which_application")).values(
    why=WhyEnded.APPLICATION_OFF
)
_END_OF_MEMBER = _ENDED.where(
    is_which(_G.person_id, "which_person"), is_which(_G.organisation_id, "which_organisation")
)
_SESSIONS = (
    select(_G.session_id)
    .where(
        is_which(_G.organisation_id, "which_organisation"),
        _G.session_id > bindparam("expected_after", type_=_G.session_id.type),
    )
    .distinct()
    .order_by(_G.session_id)
    .limit(bindparam("limit"))
)
_OF_PERSON = select(_G.id).where(is_which(_G.person_id, "which_person"), _G.session_id.is_not(None))
_EXPLAIN = update(application_grant).where(
    _G.id.in_(bindparam("grant_ids", expanding=True)), _G.session_id.is_(None), _G.why.is_(None)
)
_NOW = bindparam("now", type_=_G.ended_at.type)
_SEEN = func.coalesce(_G.ended_at, _NOW)
_WITH_APPLICATION = application_grant.join(application, _A.id == _G.application_id)

_ADDRESS = {Channel.LOGOUT: _A.back_channel, Channel.EVENTS: _A.events}
_AT = {Channel.LOGOUT: _G.logout_at, Channel.EVENTS: _G.event_at}
_ATTEMPTS = {Channel.LOGOUT: _G.logout_attempts, Channel.EVENTS: _G.event_attempts}


def _due(channel: Channel) -> tuple[ColumnElement[bool], ...]:
    return _G.session_id.is_(None), _AT[channel] <= _NOW


def _to_tell(channel: Channel) -> Select[str]:
    return (
        select(_G.application_id)
        .select_from(_WITH_APPLICATION)
        .where(*_due(channel), _ADDRESS[channel] != "")
        .distinct()
    )


def _untold(channel: Channel) -> Select[Any]:
    """In the order of the fields of `Told`, save the channel."""
    told = (
        _G.id, _G.application_id, _G.person_id, _G.organisation_id, _A.name, _ADDRESS[channel], _A.signing, _SEEN,
        _G.why, _ATTEMPTS[channel],
    )  # fmt: skip
    return (
        select(*told)
        .select_from(_WITH_APPLICATION)
        .where(*_due(channel), _ADDRESS[channel] != "", is_which(_G.application_id, "which_application"))
        .order_by(_AT[channel], _G.id)
        .limit(bindparam("limit"))
    )


def _claim(channel: Channel) -> ReturningUpdate[Any]:
    at, attempts = _AT[channel], _ATTEMPTS[channel]
    return (
        update(application_grant)
        .where(is_which(_G.id), _G.session_id.is_(None), at.is_not(None), is_which(attempts, "expected_attempts"))
        .values({attempts: attempts + 1, _G.ended_at: func.coalesce(_G.ended_at, bindparam("seen", type_=at.type))})
        .returning(_G.ended_at)
    )


_TO_TELL = {channel: _to_tell(channel) for channel in Channel}
_UNTOLD = {channel: _untold(channel) for channel in Channel}
_POSTPONE = {
    channel: update(application_grant).where(*_due(channel), is_which(_G.application_id, "which_application"))
    for channel in Channel
}
_CLAIM = {channel: _claim(channel) for channel in Channel}
_DONE = update(application_grant).where(is_which(_G.id), _G.session_id.is_(None))
_WAITS = (
    select(_G.id)
    .select_from(_WITH_APPLICATION)
    .where(
        is_which(_G.id),
        or_(*(and_(_ADDRESS[channel] != "", _AT[channel].is_not(None)) for channel in Channel)),
    )
)
_FORGET = delete(application_grant).where(is_which(_G.id), _G.session_id.is_(None))


class SqlGrants(Repository, ports.Grants):
    """Implements `ports.Grants`."""

    __slots__ = ()

    def ensure(self, grant: Grant, now: datetime) -> tuple[str, bool]:
        """The id of the grant of this application and this session, and whether it is new, as the constraint says."""
        values = {
            "id": grant.id,
            "application_id": grant.application_id,
            "session_id": grant.session_id,
            "person_id": grant.person_id,
            "organisation_id": grant.organisation_id,
            "created_at": now,
            "logout_at": now,
            "logout_attempts": 0,
            "event_at": now,
            "event_attempts": 0,
        }
        if self._has_row(_ADD, values):
            return grant.id, True
        which = {"which_session": grant.session_id, "which_application": grant.application_id}
        return self._connection.execute(_FIND_OF_SESSION, which).scalar_one(), False

    def find(self, grant_id: str) -> Grant | None:
        """One, over or not."""
        row = self._connection.execute(_FIND, {"which": grant_id}).first()
        return None if row is None else Grant(*row)

    def end(self, grant_id: str) -> bool:
        """Ends one, once."""
        return self._change(_END, {"which": grant_id}) == 1

    def end_of_session(self, session_id: str) -> int:
        """Ends those that rely on this session, which itself goes on."""
        return self._change(_END_OF_SESSION, {"which_session": session_id})

    def end_of_member(self, organisation_id: str, person_id: str) -> int:
        """Ends those of a person in an organisation."""
        which = {"which_person": person_id, "which_organisation": organisation_id}
        return self._change(_END_OF_MEMBER, which)

    def end_of_application(self, application_id: str, now: datetime) -> int:
        """Ends all of an application, which is switched off."""
        return self._change(_END_OF_APPLICATION, {"which_application": application_id, "ended_at": now})

    def sessions(self, organisation_id: str, *, after: str, limit: int) -> tuple[str, ...]:
        """The ids of an organisation's sessions that applications rely on, in order."""
        which = {"which_organisation": organisation_id, "expected_after": after, "limit": limit}
        return tuple(self._connection.execute(_SESSIONS, which).scalars())

    def of_person(self, person_id: str) -> tuple[str, ...]:
        """The ids of a person's grants that are not over."""
        return tuple(self._connection.execute(_OF_PERSON, {"which_person": person_id}).scalars())

    def explain(self, grant_ids: tuple[str, ...], why: WhyEnded, now: datetime) -> None:
        """Writes down why those of these ended that are over, and of which nobody has said it before."""
        self._change(_EXPLAIN, {"grant_ids": list(grant_ids), "why": why, "ended_at": now})

    def to_tell(self, now: datetime) -> tuple[tuple[str, Channel], ...]:
        """The ids of the applications that are to be told of grants that are over, and whose turn has come."""
        return tuple(
            (id_, channel)
            for channel, statement in _TO_TELL.items()
            for id_ in self._connection.execute(statement, {"now": now}).scalars()
        )

    def untold(self, application_id: str, channel: Channel, now: datetime, *, limit: int) -> tuple[Told, ...]:
        """Of an application's grants those that are over, and whose turn has come."""
        which = {"which_application": application_id, "now": now, "limit": limit}
        return tuple(Told(channel, *row) for row in self._connection.execute(_UNTOLD[channel], which))

    def postpone(self, application_id: str, channel: Channel, now: datetime, *, until: datetime) -> None:
        """Lets all of those wait: the application does not listen."""
        self._change(_POSTPONE[channel], {"which_application": application_id, "now": now, _AT[channel].name: until})

    def claim(self, told: Told, *, until: datetime) -> Told | None:
        """Takes one to tell of it, by one statement that holds only for as many attempts as were read."""
        values = {
            "which": told.grant_id,
            "expected_attempts": told.attempts,
            "seen": told.ended_at,
            _AT[told.channel].name: until,
        }
        row = self._connection.execute(_CLAIM[told.channel], values).first()
        return None if row is None else replace(told, ended_at=row[0])

    def done(self, told: Told) -> None:
        """It has been told, or is given up; deletes the grant when its application is told by no other channel."""
        self._change(_DONE, {"which": told.grant_id, _AT[told.channel].name: None})
        if not self._has_row(_WAITS, {"which": told.grant_id}):
            self._change(_FORGET, {"which": told.grant_id})
