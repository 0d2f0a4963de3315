"""Sessions. Each is found together with the standing that it is judged by, in one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from totrinn.app import ports
from totrinn.app.records import LiveSession, Session
from totrinn.core.enrolment import Pending
from totrinn.core.policy import Proof
from totrinn.storage.links import facts_of, facts_of_proof, meant, meant_by_provider
from totrinn.storage.proofs import (
    PROOF_LENGTH,
    pending_columns,
    pending_of,
    pending_values,
    proof_columns,
    proof_of,
    proof_values,
)
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.standing import STANDING, standing_of, with_standing
from totrinn.storage.tables import person, session

_S = session.c
_SESSION = (
    *proof_columns(session), _S.id, _S.person_id, _S.organisation_id, _S.person_version, _S.amr,
    *pending_columns(session), _S.created_at, _S.last_seen, _S.browser, _S.address,
)  # fmt: skip
_SESSION_END = len(_SESSION)
_STANDING_END = _SESSION_END + len(STANDING)
_THIS = is_which(_S.id)
_OF_THE_PERSON = is_which(_S.person_id, "which_person")
_IN_ORGANISATION = is_which(_S.organisation_id, "which_organisation")

LIVE = (*_SESSION, *STANDING, facts_of_proof(session))
"""What `live_of` takes."""

_LIVE = select(*LIVE).select_from(with_standing(session.join(person, person.c.id == _S.person_id), _S.organisation_id))
_FIND = _LIVE.where(is_which(_S.digest))
_FIND_BY_ID = _LIVE.where(_THIS)
_OF_PERSON = _LIVE.where(_OF_THE_PERSON).order_by(_S.last_seen.desc(), _S.id.desc())
_ADD = insert(session)
_SET = update(session).where(_THIS)
_SEEN = (
    update(session)
    .where(_THIS, _S.last_seen <= bindparam("unless_since", type_=_S.last_seen.type))
    .values(last_seen=bindparam("seen", type_=_S.last_seen.type))
)
_COUNT = select(func.count()).select_from(session).where(_OF_THE_PERSON, _IN_ORGANISATION)
_TAKE = delete(session).where(_THIS)
_END_ONE = _TAKE.where(_OF_THE_PERSON)
_MEANT = {given: _LIVE.where(*conditions).order_by(_S.id) for given, conditions in meant_by_provider(session).items()}
_END_OF_PERSON = delete(session).where(_OF_THE_PERSON)


class SqlSessions(Repository, ports.Sessions):
    """Implements `ports.Sessions`."""

    __slots__ = ()

    def add(self, digest: bytes, session: Session) -> None:
        """Adds one."""
        values = {
            "id": session.id,
            "digest": digest,
            "person_id": session.person_id,
            "organisation_id": session.organisation_id,
            "person_version": session.person_version,
            **proof_values(session.proof),
            "amr": session.amr,
            **pending_values(session.pending),
            "created_at": session.created_at,
            "last_seen": session.last_seen,
            "browser": session.browser,
            "address": session.address,
        }
        self._connection.execute(_ADD, values)

    def find(self, digest: bytes) -> LiveSession | None:
        """The session with its standing, in one statement; expired ones are found too."""
        row = self._connection.execute(_FIND, {"which": digest}).first()
        return None if row is None else live_of(row)

    def find_by_id(self, session_id: str) -> LiveSession | None:
        """The same, by the session's id."""
        row = self._connection.execute(_FIND_BY_ID, {"which": session_id}).first()
        return None if row is None else live_of(row)

    def seen(self, session_id: str, now: datetime, *, unless_since: datetime) -> None:
        """Remembers when it was last used; nothing is written if somebody has written that it was used since."""
        self._change(_SEEN, {"which": session_id, "seen": now, "unless_since": unless_since})

    def renew(
        self,
        session_id: str,
        digest: bytes,
        *,
        new_id: str,
        proof: Proof,
        amr: tuple[str, ...],
        person_version: int,
        organisation_id: str,
    ) -> bool:
        """Gives the session a new id, cookie and proof, once; the old cookie is dead (R53)."""
        values = {
            "which": session_id,
            "id": new_id,
            "digest": digest,
            **proof_values(proof),
            "amr": amr,
            "person_version": person_version,
            "organisation_id": organisation_id,
        }
        return self._change(_SET, values) == 1

    def set_pending(self, session_id: str, pending: Pending | None) -> None:
        """Stores or forgets the pending secret of a voluntary enrolment."""
        self._change(_SET, {"which": session_id, **pending_values(pending)})

    def of_person(self, person_id: str) -> tuple[LiveSession, ...]:
        """All sessions of a person, the last used first."""
        rows = self._connection.execute(_OF_PERSON, {"which_person": person_id})
        return tuple(live_of(row) for row in rows)

    def count(self, organisation_id: str, person_id: str) -> int:
        """How many sessions the person has in this organisation."""
        which = {"which_person": person_id, "which_organisation": organisation_id}
        return self._connection.execute(_COUNT, which).scalar_one()

    def take(self, session_id: str) -> bool:
        """Ends one, once."""
        return self._change(_TAKE, {"which": session_id}) == 1

    def end_one(self, session_id: str, person_id: str) -> bool:
        """Ends one session of this person."""
        return self._change(_END_ONE, {"which": session_id, "which_person": person_id}) == 1

    def end_of_person(self, person_id: str, *, keep: str | None = None, organisation_id: str | None = None) -> int:
        """Ends a person's sessions (only those in `organisation_id`, if given), save the one to keep."""
        ended = _END_OF_PERSON
        if keep is not None:
            ended = ended.where(_S.id != keep)
        if organisation_id is not None:
            ended = ended.where(_S.organisation_id == organisation_id)
        return self._change(ended, {"which_person": person_id})

    def of_provider(self, identity_id: str | None, names: Sequence[str], connection_id: str) -> tuple[LiveSession, ...]:
        """The sessions of this link and of these names, as far as they are given, that came by this connection."""
        given = meant(identity_id, names)
        if not given:
            return ()
        rows = self._connection.execute(_MEANT[frozenset(given)], {**given, "which_connection": connection_id})
        return tuple(live_of(row) for row in rows)


def live_of(row: Sequence[Any]) -> LiveSession:
    """The session in the columns `LIVE`."""
    return LiveSession(
        session=_session_of(row[:_SESSION_END]),
        standing=standing_of(row[_SESSION_END:_STANDING_END]),
        connection=facts_of(row[_STANDING_END]),
    )


def _session_of(values: Sequence[Any]) -> Session:
    (
        id_, person_id, organisation_id, person_version, amr, pending_secret, pending_expires_at, created_at,
        last_seen, browser, address,
    ) = values[PROOF_LENGTH:]  # fmt: skip
    return Session(
        id=id_,
        person_id=person_id,
        organisation_id=organisation_id,
        person_version=person_version,
        proof=proof_of(values[:PROOF_LENGTH]),
        amr=amr,
        pending=pending_of((pending_secret, pending_expires_at)),
        created_at=created_at,
        last_seen=last_seen,
        browser=browser,
        address=address,
    )
