"""A person and their place in an organisation, as columns that any select about a person can take along.

Whoever selects `STANDING` from `with_standing(…)` reads all that the verdict rests on in that one statement.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Join, and_, case, func, select, true

from totrinn.app.records import Organisation, Person, Standing
from totrinn.core.enforcement import Policy
from totrinn.core.policy import Requirement
from totrinn.storage.links import is_linked
from totrinn.storage.tables import authenticator, membership, organisation, person

_P, _O = person.c, organisation.c

PERSON = (
    _P.id, _P.email, _P.name, _P.password_hash, _P.password_changed_at, _P.language, _P.version, _P.is_active,
    _P.must_enrol, _P.created_at,
)  # fmt: skip
"""In the order of the fields of `Person`."""

ORGANISATION = (
    _O.id, _O.slug, _O.name, _O.language, _O.time_zone, _O.is_vendor, _O.is_active, _O.required_since,
    _O.required_from, _O.required_always, _O.revision, _O.available_since, _O.available_by, _O.required_by,
    _O.created_at, _O.passwords_closed,
)  # fmt: skip

# No EXISTS: for a page out of a million members PostgreSQL would answer it by reading every authenticator there is.
_ONE_FACTOR = select(authenticator.c.id).where(authenticator.c.person_id == _P.id).limit(1)
HAS_FACTOR = _ONE_FACTOR.scalar_subquery().is_not(None)
"""Every authenticator is a confirmed one. A condition on a row of `person`."""

_place, _there = membership.alias("place"), organisation.alias("there")
_MEMBERSHIP_COUNT = (
    select(func.count())
    .select_from(_place.join(_there, _there.c.id == _place.c.organisation_id))
    .where(_place.c.person_id == _P.id, _place.c.accepted_at.is_not(None), _there.c.is_active)
    .scalar_subquery()
)

# Where passwords are not closed, as nearly everywhere, nobody looks for a link.
_TAKES_PASSWORD = case(
    (and_(_O.passwords_closed, membership.c.keeps_password.is_not(true())), ~is_linked(_P.id, _O.id)), else_=true()
)

STANDING = (*PERSON, HAS_FACTOR, _MEMBERSHIP_COUNT, membership.c.role, _TAKES_PASSWORD, *ORGANISATION)
"""What `standing_of` takes."""

_PERSON_END = len(PERSON)
_ORGANISATION_START = _PERSON_END + 4


def with_standing(origin: FromClause, organisation_id: ColumnElement[Any]) -> Join:
    """The origin, which holds a person, joined with the organisation and the person's accepted place in it."""
    return origin.outerjoin(organisation, _O.id == organisation_id).outerjoin(
        membership,
        and_(
            membership.c.organisation_id == _O.id,
            membership.c.person_id == _P.id,
            membership.c.accepted_at.is_not(None),
        ),
    )


def person_of(values: Sequence[Any]) -> Person:
    """The person in the columns `PERSON`."""
    return Person(*values)


def standing_of(values: Sequence[Any]) -> Standing:
    """The standing in the columns `STANDING`."""
    has_factor, membership_count, role, takes_password = values[_PERSON_END:_ORGANISATION_START]
    return Standing(
        person=person_of(values[:_PERSON_END]),
        has_factor=bool(has_factor),
        membership_count=membership_count,
        organisation=organisation_of(values[_ORGANISATION_START:]),
        role=role,
        takes_password=bool(takes_password),
    )


def organisation_of(values: Sequence[Any]) -> Organisation | None:
    """The organisation in the columns `ORGANISATION`; None where an outer join found none."""
    return None if values[0] is None else found_organisation(values)


def found_organisation(values: Sequence[Any]) -> Organisation:
    """The organisation in the columns `ORGANISATION`, where there must be one."""
    (
        id_, slug, name, language, time_zone, is_vendor, is_active, since, from_, always, revision, available_since,
        available_by, required_by, created_at, passwords_closed,
    ) = values  # fmt: skip
    return Organisation(
        id=id_,
        slug=slug,
        name=name,
        language=language,
        time_zone=time_zone,
        is_vendor=is_vendor,
        is_active=is_active,
        policy=Policy(Requirement(since, from_, always), revision, available_since),
        available_by=available_by,
        required_by=required_by,
        created_at=created_at,
        passwords_closed=passwords_closed,
    )
