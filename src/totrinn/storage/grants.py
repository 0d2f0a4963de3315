"""Grants: that an application relies on a session; and those that are over, until their applications have been told."""

from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.applications.grant_records import Grant, Told
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
_END_OF_APPLICATION = _ENDED.where(is_which(_G.application_id, "which_application"))
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
_DUE = (_G.session_id.is_(None), _G.tell_at <= bindparam("now", type_=_G.tell_at.type))
_TO_TELL = (
    select(_G.application_id)
    .join_from(application_grant, application, _A.id == _G.application_id)
    .where(*_DUE, _A.back_channel != "")
    .distinct()
)
_UNTOLD = (
    select(
        _G.id, _G.application_id, _G.person_id, _G.organisation_id, _A.name, _A.back_channel, _A.signing,
        func.coalesce(_G.ended_at, bindparam("now", type_=_G.tell_at.type)), _G.attempts,
    )
    .join_from(application_grant, application, _A.id == _G.application_id)
    .where(*_DUE, is_which(_G.application_id, "which_application"))
    .order_by(_G.tell_at, _G.id)
    .limit(bindparam("limit"))
)  # fmt: skip
_POSTPONE = update(application_grant).where(*_DUE, is_which(_G.application_id, "which_application"))
_CLAIM = (
    update(application_grant)
    .where(is_which(_G.id), _G.session_id.is_(None), is_which(_G.attempts, "expected_attempts"))
    .values(attempts=_G.attempts + 1)
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
            "tell_at": now,
            "attempts": 0,
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

    def end_of_application(self, application_id: str) -> int:
        """Ends all of an application."""
        return self._change(_END_OF_APPLICATION, {"which_application": application_id})

    def sessions(self, organisation_id: str, *, after: str, limit: int) -> tuple[str, ...]:
        """The ids of an organisation's sessions that applications rely on, in order."""
        which = {"which_organisation": organisation_id, "expected_after": after, "limit": limit}
        return tuple(self._connection.execute(_SESSIONS, which).scalars())

    def applications_to_tell(self, now: datetime) -> tuple[str, ...]:
        """The ids of the applications that are to be told of grants that are over, and whose turn has come."""
        return tuple(self._connection.execute(_TO_TELL, {"now": now}).scalars())

    def untold(self, application_id: str, now: datetime, *, limit: int) -> tuple[Told, ...]:
        """Of an application's grants those that are over, and whose turn has come."""
        which = {"which_application": application_id, "now": now, "limit": limit}
        return tuple(Told(*row) for row in self._connection.execute(_UNTOLD, which))

    def postpone(self, application_id: str, now: datetime, *, until: datetime) -> None:
        """Lets all of those wait: the application does not listen."""
        self._change(_POSTPONE, {"which_application": application_id, "now": now, "tell_at": until})

    def claim(self, told: Told, *, until: datetime) -> bool:
        """Takes one to tell of it, by one statement that holds only for as many attempts as were read."""
        values = {
            "which": told.grant_id,
            "expected_attempts": told.attempts,
            "tell_at": until,
            "ended_at": told.ended_at,
        }
        return self._change(_CLAIM, values) == 1

    def forget(self, grant_id: str) -> None:
        """Deletes one that is over."""
        self._change(_FORGET, {"which": grant_id})
