"""Members by how they get in: the one place that says in SQL who has a factor, who lacks one and who needs none.

Only accepted members who are not disabled count; the others on the list are a number beside. Each organisation has a
row with its numbers, which every change of a member's facts corrects in its own transaction, so that an organisation
with a million members is counted by reading that row. Whoever changes such facts calls `recount`; `docs/decisions`
tells why this is not a sum over the members.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, bindparam, case, func, null, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too
from sqlalchemy.engine import Connection

from totrinn.app.records import MemberCounts, MemberState
from totrinn.storage.links import is_linked
from totrinn.storage.repository import is_which
from totrinn.storage.sso_tables import sso_identity
from totrinn.storage.standing import HAS_FACTOR
from totrinn.storage.tables import membership, person, tally

_M = membership.c

# Whoever has no password and no link either may still choose a password.
_IS_SSO = and_(person.c.password_hash.is_(None), is_linked(_M.person_id, _M.organisation_id))

STATE = case((HAS_FACTOR, MemberState.HAS.value), (_IS_SSO, MemberState.SSO.value), else_=MemberState.MISSING.value)
"""How a member gets in, or would if they were accepted and not disabled."""

COUNTS = and_(_M.accepted_at.is_not(None), person.c.is_active)

MEMBERS = membership.join(person, person.c.id == _M.person_id)

_LOCK_PERSON = select(person.c.id).where(is_which(person.c.id)).with_for_update(key_share=True)
# In the order of organisations, so that two persons of the same organisations cannot wait for each other.
_COUNTED = (
    select(_M.id, _M.organisation_id, _M.tag, _M.counted_as, case((COUNTS, STATE), else_=null()))
    .select_from(MEMBERS)
    .where(is_which(_M.person_id))
    .order_by(_M.organisation_id)
)
_SET_COUNTED = update(membership).where(is_which(_M.id)).values(counted_as=bindparam("state"))
_LOCK_LINKED = (
    select(person.c.id)
    .where(
        person.c.id.in_(select(sso_identity.c.person_id).where(is_which(sso_identity.c.connection_id))),
    )
    .order_by(person.c.id)
    .with_for_update(key_share=True)
)
_UNLINKED = (
    is_which(_M.organisation_id),
    _M.counted_as == MemberState.SSO.value,
    ~is_linked(_M.person_id, _M.organisation_id),
)
_SUM_UNLINKED = select(func.count(), func.coalesce(func.sum(_M.tag), 0)).where(*_UNLINKED)
_SET_UNLINKED = update(membership).where(*_UNLINKED).values(counted_as=MemberState.MISSING.value)
_OTHERS = "others"
_NUMBERS = ("missing", "has", "sso", "missing_tags", _OTHERS)
_new = insert(tally)
_CORRECT = _new.on_conflict_do_update(
    index_elements=["organisation_id"],
    set_={name: tally.c[name] + _new.excluded[name] for name in _NUMBERS},
)

TALLY = (
    func.coalesce(tally.c.missing, 0),
    func.coalesce(tally.c.has, 0),
    func.coalesce(tally.c.sso, 0),
)
"""What `counts_of` takes, also where an outer join finds no row."""


def counts_of(values: Sequence[Any]) -> MemberCounts:
    """The counts in the columns `TALLY`, or in sums of them."""
    missing, has, sso = values
    return MemberCounts(missing=int(missing), has=int(has), sso=int(sso))


def lock_person(connection: Connection, person_id: str) -> None:
    """Makes others who change this person's factors, password or memberships wait; on SQLite everybody waits anyway."""
    connection.execute(_LOCK_PERSON, {"which": person_id}).first()


def recount(connection: Connection, person_id: str) -> None:
    """Corrects the tallies of the person's organisations, after something that counts has changed.

    The caller has locked the person *before* that change, so that no other change is overlooked.
    """
    for membership_id, organisation_id, tag, before, after in connection.execute(_COUNTED, {"which": person_id}).all():
        if before != after:
            connection.execute(_SET_COUNTED, {"which": membership_id, "state": after})
            _correct(connection, organisation_id, tag, {_kind(before): -1, _kind(after): 1})


def lock_linked(connection: Connection, connection_id: str) -> None:
    """Makes others wait who change the persons that are linked by this connection, in the order of their ids."""
    connection.execute(_LOCK_LINKED, {"which": connection_id}).all()


def recount_unlinked(connection: Connection, organisation_id: str) -> None:
    """Corrects an organisation's tally by three statements, after many links have ended at once.

    Who came by SSO only, and does no more, has neither password nor factor. The caller has locked them before.
    """
    number, tags = connection.execute(_SUM_UNLINKED, {"which": organisation_id}).one()
    if number:
        connection.execute(_SET_UNLINKED, {"which": organisation_id})
        difference = {"missing": number, "has": 0, "sso": -number, "missing_tags": int(tags), "others": 0}
        connection.execute(_CORRECT, {"organisation_id": organisation_id, **difference})


def enter(connection: Connection, organisation_id: str, tag: int) -> None:
    """Enters a new member in the tally, who does not count until `recount` says so."""
    _correct(connection, organisation_id, tag, {_OTHERS: 1})


def uncount(connection: Connection, organisation_id: str, tag: int, counted_as: str | None) -> None:
    """Takes a member out of the tally."""
    _correct(connection, organisation_id, tag, {_kind(counted_as): -1})


def _kind(counted_as: str | None) -> str:
    return counted_as or _OTHERS


def _correct(connection: Connection, organisation_id: str, tag: int, changes: dict[str, int]) -> None:
    difference = dict.fromkeys(_NUMBERS, 0) | changes
    difference["missing_tags"] = changes.get(MemberState.MISSING.value, 0) * tag
    connection.execute(_CORRECT, {"organisation_id": organisation_id, **difference})
