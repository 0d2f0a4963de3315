"""Connections to identity providers, and how often each is used."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, delete, false, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.sso_records import Connection, ConnectionTest, SsoUse
from totrinn.storage import sso_json
from totrinn.storage.columns import order_key
from totrinn.storage.counting import lock_linked, recount_unlinked
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.sso_tables import connection, sso_day, sso_identity
from totrinn.storage.tables import session, signin

_C, _D = connection.c, sso_day.c
_IN_ORGANISATION = is_which(_C.organisation_id, "which_organisation")

CONNECTION = (
    _C.id, _C.organisation_id, _C.kind, _C.name, _C.is_enabled, _C.revision, _C.settings, _C.rules, _C.sealed_secret,
    _C.sealed_key, _C.test, _C.created_at,
)  # fmt: skip
"""What `connection_of` takes."""

_ALL = select(*CONNECTION)
_FIND = _ALL.where(is_which(_C.id))
_OF_ORGANISATION = _ALL.where(_IN_ORGANISATION).order_by(_C.name_order, _C.id)
_ADD = insert(connection)
_SET = update(connection).where(is_which(_C.id))
_SET_THERE = _SET.where(_IN_ORGANISATION)
_SAVE = _SET_THERE.where(_C.kind == bindparam("expected_kind"), _C.revision == bindparam("expected_revision")).values(
    revision=_C.revision + 1
)
_HOLD = _FIND.with_for_update(read=True, key_share=True)
# Whoever holds it, or adds a link to it, waits, or sees that it has gone.
_LOCK = select(_C.id).where(is_which(_C.id), _IN_ORGANISATION).with_for_update()
_REMOVE = delete(connection).where(is_which(_C.id), _IN_ORGANISATION)

_BY_IT = is_which(sso_identity.c.connection_id, "which_connection")
_LINKS = select(sso_identity.c.id).where(_BY_IT)
_LINKED = select(func.count()).select_from(sso_identity).where(_BY_IT)
_END_LINKS = delete(sso_identity).where(_BY_IT)
_END_SESSIONS = delete(session).where(session.c.sso_identity.in_(_LINKS))
_END_SIGNINS = delete(signin).where(signin.c.sso_identity.in_(_LINKS))
_FORGET_EVIDENCE = tuple(
    update(proven).where(proven.c.sso_identity.in_(_LINKS)).values(sso_evidence=false()) for proven in (signin, session)
)

_new_day = insert_or(sso_day)
_COUNT_USE = _new_day.on_conflict_do_update(
    index_elements=["connection_id", "day"],
    set_={name: _D[name] + _new_day.excluded[name] for name in ("with_evidence", "without_evidence")},
)
_USES = (
    select(_D.connection_id, func.sum(_D.with_evidence), func.sum(_D.without_evidence))
    .join_from(sso_day, connection, _C.id == _D.connection_id)
    .where(_IN_ORGANISATION, _D.day >= bindparam("first_day"))
    .group_by(_D.connection_id, _C.name_order)
    .order_by(_C.name_order, _D.connection_id)
)


class SqlConnections(Repository, ports.Connections):
    """Implements `ports.Connections`."""

    __slots__ = ()

    def find(self, connection_id: str) -> Connection | None:
        """The connection with this id."""
        row = self._connection.execute(_FIND, {"which": connection_id}).first()
        return None if row is None else connection_of(row)

    def hold(self, connection_id: str) -> Connection | None:
        """The same, held until this transaction ends."""
        row = self._connection.execute(_HOLD, {"which": connection_id}).first()
        return None if row is None else connection_of(row)

    def of_organisation(self, organisation_id: str) -> tuple[Connection, ...]:
        """All of an organisation's, by name."""
        rows = self._connection.execute(_OF_ORGANISATION, {"which_organisation": organisation_id})
        return tuple(connection_of(row) for row in rows)

    def linked(self, connection_id: str) -> int:
        """How many people are linked by it."""
        return self._connection.execute(_LINKED, {"which_connection": connection_id}).scalar_one()

    def add(self, connection: Connection) -> None:
        """Adds one."""
        values = {
            "id": connection.id,
            "organisation_id": connection.organisation_id,
            "kind": connection.kind,
            "is_enabled": connection.is_enabled,
            "revision": connection.revision,
            **_agreed(connection),
            "sealed_key": connection.sealed_key,
            "test": None if connection.test is None else sso_json.write_test(connection.test),
            "created_at": connection.created_at,
        }
        self._connection.execute(_ADD, values)

    def save(self, connection: Connection, *, expected_revision: int) -> bool:
        """Stores name, settings, rules and secret by one statement that holds only at the expected revision."""
        expected = {"expected_kind": connection.kind, "expected_revision": expected_revision}
        values = {**_which(connection.organisation_id, connection.id), **expected, **_agreed(connection)}
        return self._change(_SAVE, values) == 1

    def set_enabled(self, organisation_id: str, connection_id: str, *, is_enabled: bool) -> None:
        """Switches it on or off."""
        self._change(_SET_THERE, {**_which(organisation_id, connection_id), "is_enabled": is_enabled})

    def set_test(self, connection_id: str, test: ConnectionTest) -> None:
        """Remembers what came back; the revision does not rise."""
        self._change(_SET, {"which": connection_id, "test": sso_json.write_test(test)})

    def remove(self, organisation_id: str, connection_id: str) -> bool:
        """Deletes it with its links and all that is under way, and corrects the organisation's tally; False: none."""
        which = _which(organisation_id, connection_id)
        if self._connection.execute(_LOCK, which).first() is None:
            return False
        lock_linked(self._connection, connection_id)
        self._change(_REMOVE, which)
        recount_unlinked(self._connection, organisation_id)
        return True

    def end_sessions(self, connection_id: str) -> int:
        """Ends all sessions and unfinished sign-ins that came by it; how many sessions there were."""
        self._change(_END_SIGNINS, {"which_connection": connection_id})
        return self._change(_END_SESSIONS, {"which_connection": connection_id})

    def forget_evidence(self, connection_id: str) -> None:
        """Takes the evidence of two factors from all sessions and unfinished sign-ins that came by it."""
        for forget in _FORGET_EVIDENCE:
            self._change(forget, {"which_connection": connection_id})

    def end_links(self, organisation_id: str, connection_id: str) -> None:
        """Ends all its links, and corrects the organisation's tally."""
        if self._connection.execute(_LOCK, _which(organisation_id, connection_id)).first() is None:
            return
        lock_linked(self._connection, connection_id)
        self._change(_END_LINKS, {"which_connection": connection_id})
        recount_unlinked(self._connection, organisation_id)

    def count_use(self, connection_id: str, day: date, *, has_evidence: bool) -> None:
        """Counts one sign-in of that day, by one statement."""
        values = {
            "connection_id": connection_id,
            "day": day.toordinal(),
            "with_evidence": int(has_evidence),
            "without_evidence": int(not has_evidence),
        }
        self._connection.execute(_COUNT_USE, values)

    def uses(self, organisation_id: str, since: date) -> tuple[SsoUse, ...]:
        """The sums of the days from then on, for each connection that was used, by name."""
        values = {"which_organisation": organisation_id, "first_day": since.toordinal()}
        rows = self._connection.execute(_USES, values)
        return tuple(SsoUse(connection_id, int(with_), int(without)) for connection_id, with_, without in rows)


def connection_of(values: Sequence[Any]) -> Connection:
    """The connection in the columns `CONNECTION`. Raises `UnreadableSettings`."""
    (
        id_, organisation_id, kind, name, is_enabled, revision, settings, rules, sealed_secret, sealed_key, test,
        created_at,
    ) = values  # fmt: skip
    return Connection(
        id=id_,
        organisation_id=organisation_id,
        kind=kind,
        name=name,
        is_enabled=is_enabled,
        revision=revision,
        settings=sso_json.read_settings(kind, settings),
        rules=sso_json.read_rules(rules),
        sealed_secret=sealed_secret,
        sealed_key=sealed_key,
        test=sso_json.read_test(test),
        created_at=created_at,
    )


def _agreed(connection: Connection) -> dict[str, Any]:
    """What is stored anew with each revision."""
    return {
        "name": connection.name,
        "name_order": order_key(connection.name),
        "demands_evidence": connection.rules.demands_evidence,
        "settings": sso_json.write_settings(connection.kind, connection.settings),
        "rules": sso_json.write_rules(connection.rules),
        "sealed_secret": connection.sealed_secret,
    }


def _which(organisation_id: str, connection_id: str) -> dict[str, Any]:
    return {"which": connection_id, "which_organisation": organisation_id}
