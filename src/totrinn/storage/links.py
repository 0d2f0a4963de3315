"""Links between persons and providers' subjects, as a condition and a column that other selects take along.

A sign-in through SSO is held against its link at every request: when that has gone, or is another person's, there is no
connection to be found, and nobody is let in (R84).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, case, select

from totrinn.core.policy import ConnectionFacts
from totrinn.storage.repository import is_which
from totrinn.storage.sso_tables import connection, sso_identity

_link = sso_identity.alias("link")

_FACTS = [ConnectionFacts(is_enabled, demands) for is_enabled in (False, True) for demands in (False, True)]
# Both facts as one value: which of `_FACTS` holds.
FACTS = case(
    *(
        (
            and_(
                connection.c.is_enabled.is_(each.is_enabled), connection.c.demands_evidence.is_(each.demands_evidence)
            ),
            at,
        )
        for at, each in enumerate(_FACTS)
    )
)
"""What `facts_of` takes."""


def is_linked(person_id: ColumnElement[Any], organisation_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that the person is linked by one of the organisation's connections."""
    # No EXISTS, as for authenticators (`standing`).
    of_both = and_(_link.c.organisation_id == organisation_id, _link.c.person_id == person_id)
    return select(_link.c.id).where(of_both).limit(1).scalar_subquery().is_not(None)


def facts_of_proof(proven: Table) -> ColumnElement[int]:
    """`FACTS` of the connection that the link of a proof leads to now: this person's, in the organisation that vouched.

    Not joined: PostgreSQL would weigh every order of two more tables at each request, also by password.
    """
    of_proof = and_(
        sso_identity.c.id == proven.c.sso_identity,
        sso_identity.c.person_id == proven.c.person_id,
        sso_identity.c.organisation_id == proven.c.sso_organisation,
    )
    facts = select(FACTS).join_from(sso_identity, connection, connection.c.id == sso_identity.c.connection_id)
    return case((proven.c.sso_identity.is_not(None), facts.where(of_proof).scalar_subquery()))


def facts_of(value: int | None) -> ConnectionFacts | None:
    """The facts in the column `FACTS`; None where there is no such connection, or no such link."""
    return None if value is None else _FACTS[value]


def meant_by_provider(proven: Table) -> dict[frozenset[str], tuple[ColumnElement[bool], ...]]:
    """The conditions of what a provider means in a table of proofs, by what `meant` says is given."""
    links = select(sso_identity.c.id).where(
        is_which(sso_identity.c.connection_id, "which_connection"), sso_identity.c.person_id == proven.c.person_id
    )
    by_connection = proven.c.sso_identity.in_(links)
    by_link = is_which(proven.c.sso_identity, "which_identity")
    by_name = proven.c.sso_session.in_(bindparam("which_names", expanding=True))
    return {
        frozenset({"which_identity"}): (by_connection, by_link),
        frozenset({"which_names"}): (by_connection, by_name),
        frozenset({"which_identity", "which_names"}): (by_connection, by_link, by_name),
    }


def meant(identity_id: str | None, names: Sequence[str]) -> dict[str, Any]:
    """What is given of the link and of the provider's own names for its sessions; empty: nothing is meant."""
    given: dict[str, Any] = {}
    if identity_id is not None:
        given["which_identity"] = identity_id
    if names:
        given["which_names"] = list(names)
    return given
