"""Members by how they get in: the one place that says in SQL who has a factor, who lacks one and who needs none.

Only accepted members who are not disabled count.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select

from totrinn.app.records import MemberCounts, MemberState
from totrinn.storage.standing import HAS_FACTOR
from totrinn.storage.tables import membership, person

# A person without a password who has an identity with one of the organisation's connections comes through SSO only.
# There is no table of such identities yet, so nobody does; whoever has no password yet may still choose one.
_HAS_SSO_IDENTITY: ColumnElement[bool] = false()

IS_SSO = and_(~HAS_FACTOR, person.c.password_hash.is_(None), _HAS_SSO_IDENTITY)
IS_MISSING = and_(~HAS_FACTOR, or_(person.c.password_hash.is_not(None), ~_HAS_SSO_IDENTITY))
COUNTS = and_(membership.c.accepted_at.is_not(None), person.c.is_active)

STATE = case((HAS_FACTOR, MemberState.HAS.value), (IS_SSO, MemberState.SSO.value), else_=MemberState.MISSING.value)

MEMBERS = membership.join(person, person.c.id == membership.c.person_id)


def number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many of the selected rows meet the condition."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


MEMBERS_BY_STATE = (
    select(number_of(IS_MISSING), number_of(HAS_FACTOR), number_of(IS_SSO)).select_from(MEMBERS).where(COUNTS)
)
"""Missing, has, sso: what `counts_of` takes."""


def counts_of(values: Sequence[Any]) -> MemberCounts:
    """The counts in the columns of `MEMBERS_BY_STATE`."""
    missing, has, sso = values
    return MemberCounts(missing=int(missing), has=int(has), sso=int(sso))
