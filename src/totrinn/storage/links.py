"""Links between persons and providers' subjects, as conditions and columns that other selects take along.

A sign-in through SSO is held against its link at every request: when that has gone, or is another person's, there is no
connection to be found, and nobody is let in (R84).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Join, Table, and_, select

from totrinn.core.policy import ConnectionFacts
from totrinn.storage.sso_tables import connection, sso_identity

_link = sso_identity.alias("link")

CONNECTION = (connection.c.is_enabled, connection.c.demands_evidence)
"""What `connection_of` takes."""


def is_linked(person_id: ColumnElement[Any], organisation_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that the person is linked by one of the organisation's connections."""
    # No EXISTS, as for authenticators (`standing`).
    of_both = and_(_link.c.organisation_id == organisation_id, _link.c.person_id == person_id)
    return select(_link.c.id).where(of_both).limit(1).scalar_subquery().is_not(None)


def with_connection(origin: FromClause, proven: Table) -> Join:
    """The origin, which holds what a sign-in has proven, joined with the connection that its link leads to now."""
    of_proof = and_(
        sso_identity.c.id == proven.c.sso_identity,
        sso_identity.c.person_id == proven.c.person_id,
        sso_identity.c.organisation_id == proven.c.sso_organisation,
    )
    return origin.outerjoin(sso_identity, of_proof).outerjoin(
        connection, connection.c.id == sso_identity.c.connection_id
    )


def connection_of(values: Sequence[Any]) -> ConnectionFacts | None:
    """The facts in the columns `CONNECTION`; None where an outer join found none."""
    is_enabled, demands_evidence = values
    return None if is_enabled is None else ConnectionFacts(is_enabled, demands_evidence)
