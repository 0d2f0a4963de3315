"""E-mail domains of organisations. Every statement names the organisation, save the one that looks for ways in."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.sso_records import Domain, SsoWay
from totrinn.storage.connections import CONNECTION, connection_of
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.sso_tables import connection, domain
from totrinn.storage.standing import ORGANISATION, found_organisation
from totrinn.storage.tables import organisation

_D, _C, _O = domain.c, connection.c, organisation.c
_IN_ORGANISATION = is_which(_D.organisation_id, "which_organisation")
_THIS = and_(_IN_ORGANISATION, is_which(_D.name))

_DOMAIN = (
    _D.organisation_id, _D.name, _D.connection_id, _D.challenge, _D.proven_at, _D.proven_by, _D.created_at,
)  # fmt: skip
"""In the order of the fields of `Domain`."""
_CONNECTION_END = len(CONNECTION)

_OF_ORGANISATION = select(*_DOMAIN).where(_IN_ORGANISATION).order_by(_D.name)
_FIND = select(*_DOMAIN).where(_THIS)
_ADD = insert(domain).on_conflict_do_nothing(index_elements=["organisation_id", "name"]).returning(_D.name)
_SET = update(domain).where(_THIS)
_OWN = and_(is_which(_C.id, "which_connection"), is_which(_C.organisation_id, "which_organisation"))
_LEAD = _SET.where(exists(select(1).where(_OWN))).values(connection_id=bindparam("which_connection"))
_LEAD_NOWHERE = _SET.values(connection_id=None)
_REMOVE = delete(domain).where(_THIS)
_WAYS = (
    select(*CONNECTION, *ORGANISATION)
    .select_from(
        domain.join(connection, and_(_C.id == _D.connection_id, _C.organisation_id == _D.organisation_id)).join(
            organisation, _O.id == _D.organisation_id
        )
    )
    .where(is_which(_D.name), _D.proven_at.is_not(None), _C.is_enabled, _O.is_active)
    .order_by(_O.name_order, _O.id)
)


class SqlDomains(Repository, ports.Domains):
    """Implements `ports.Domains`."""

    __slots__ = ()

    def of_organisation(self, organisation_id: str) -> tuple[Domain, ...]:
        """All of an organisation's, by name."""
        rows = self._connection.execute(_OF_ORGANISATION, {"which_organisation": organisation_id})
        return tuple(Domain(*row) for row in rows)

    def find(self, organisation_id: str, name: str) -> Domain | None:
        """One of an organisation's."""
        row = self._connection.execute(_FIND, _which(organisation_id, name)).first()
        return None if row is None else Domain(*row)

    def add(self, domain: Domain) -> bool:
        """Adds one; False when the organisation has it already, as the primary key says."""
        values = {
            "organisation_id": domain.organisation_id,
            "name": domain.name,
            "connection_id": domain.connection_id,
            "challenge": domain.challenge,
            "proven_at": domain.proven_at,
            "proven_by": domain.proven_by,
            "created_at": domain.created_at,
        }
        return self._has_row(_ADD, values)

    def prove(self, organisation_id: str, name: str, *, by: str, now: datetime) -> None:
        """Remembers that it is proven, and by what."""
        self._change(_SET, {**_which(organisation_id, name), "proven_at": now, "proven_by": by})

    def lead_to(self, organisation_id: str, name: str, connection_id: str | None) -> None:
        """Its addresses are sent to this connection; one of another organisation changes nothing."""
        which = _which(organisation_id, name)
        if connection_id is None:
            self._change(_LEAD_NOWHERE, which)
        else:
            self._change(_LEAD, {**which, "which_connection": connection_id})

    def remove(self, organisation_id: str, name: str) -> bool:
        """Removes it; False when there is none."""
        return self._change(_REMOVE, _which(organisation_id, name)) == 1

    def ways(self, name: str) -> tuple[SsoWay, ...]:
        """Where addresses of this domain may sign in, by the organisations' names."""
        rows = self._connection.execute(_WAYS, {"which": name})
        return tuple(
            SsoWay(found_organisation(row[_CONNECTION_END:]), connection_of(row[:_CONNECTION_END])) for row in rows
        )


def _which(organisation_id: str, name: str) -> dict[str, Any]:
    return {"which_organisation": organisation_id, "which": name}
