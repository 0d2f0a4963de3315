"""Where password sign-in is closed for those whom SSO governs: the members who keep it all the same."""

from collections.abc import Sequence

from sqlalchemy import false, select, true, update

from totrinn.app import ports
from totrinn.storage.counting import MEMBERS
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import membership, organisation, person

_M, _P = membership.c, person.c
_IN_ORGANISATION = is_which(_M.organisation_id, "which_organisation")

# It comes first, and so makes others wait who close or open the same organisation's.
_SET_CLOSED = update(organisation).where(is_which(organisation.c.id))
_FORGET = update(membership).where(_IN_ORGANISATION, _M.keeps_password).values(keeps_password=false())
_KEEP = (
    update(membership)
    .where(_IN_ORGANISATION, is_which(_M.person_id, "which_person"), _M.accepted_at.is_not(None))
    .values(keeps_password=true())
)
_NAMES = (
    select(_P.id, _P.name)
    .select_from(MEMBERS)
    .where(_IN_ORGANISATION, _M.keeps_password)
    .order_by(_M.name_order, _M.person_id)
)


class SqlKeepers(Repository, ports.Keepers):
    """Implements `ports.Keepers`."""

    __slots__ = ()

    def close(self, organisation_id: str, person_ids: Sequence[str]) -> None:
        """Closes password sign-in; exactly those of these persons who are accepted members keep it."""
        self._set_closed(organisation_id, is_closed=True)
        for person_id in person_ids:
            self._change(_KEEP, {"which_organisation": organisation_id, "which_person": person_id})

    def open(self, organisation_id: str) -> None:
        """Opens it again for everybody; nobody is named any more."""
        self._set_closed(organisation_id, is_closed=False)

    def names(self, organisation_id: str) -> tuple[tuple[str, str], ...]:
        """(person id, name) of those who keep it, by name."""
        rows = self._connection.execute(_NAMES, {"which_organisation": organisation_id})
        return tuple((person_id, name) for person_id, name in rows)

    def _set_closed(self, organisation_id: str, *, is_closed: bool) -> None:
        self._change(_SET_CLOSED, {"which": organisation_id, "passwords_closed": is_closed})
        self._change(_FORGET, {"which_organisation": organisation_id})
