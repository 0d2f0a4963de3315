"""Members by how they get in: the one place that says in SQL who has a factor, who lacks one and who needs none.

Only accepted members who are not disabled count. Each organisation has a row with its numbers, which every change of a
member's facts corrects in its own transaction, so that an organisation with a million members is counted by reading
that row. Whoever changes such facts calls `recount`; `docs/decisions` tells why this is not a sum over the members.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, false, func, null, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too
from sqlalchemy.engine import Connection

from totrinn.app.records import MemberCounts, MemberState
from totrinn.storage.repository import is_which
from totrinn.storage.standing import HAS_FACTOR
from totrinn.storage.tables import membership, person, tally

_M = membership.c

# A person without a password who has an identity with one of the organisation's connections comes through SSO only.
# There is no table of such identities yet, so nobody does; whoever has no password yet may still choose one.
_HAS_SSO_IDENTITY: ColumnElement[bool] = false()
_IS_SSO = and_(person.c.password_hash.is_(None), _HAS_SSO_IDENTITY)

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
_new = insert(tally)
_CORRECT = _new.on_conflict_do_update(
    index_elements=["organisation_id"],
    set_={name: tally.c[name] + _new.excluded[name] for name in ("missing", "has", "sso", "missing_tags")},
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
            uncount(connection, organisation_id, tag, before, instead=after)


def uncount(
    connection: Connection, organisation_id: str, tag: int, counted_as: str | None, *, instead: str | None = None
) -> None:
    """Takes one member out of the tally, or has them stand there as something else instead."""
    difference = dict.fromkeys(("missing", "has", "sso", "missing_tags"), 0)
    for state, sign in ((counted_as, -1), (instead, 1)):
        if state is not None:
            difference[state] += sign
        if state == MemberState.MISSING:
            difference["missing_tags"] += sign * tag
    if any(difference.values()):
        connection.execute(_CORRECT, {"organisation_id": organisation_id, **difference})
