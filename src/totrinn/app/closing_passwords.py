"""Closing password sign-in for those whom an organisation's SSO governs, while named administrators keep theirs.

Should the provider fail, somebody must still be able to get in: at least two global administrators who have a password
and a second factor, named when it is closed, and held on to while it is.
"""

from collections.abc import Sequence
from enum import StrEnum

from totrinn.app.connecting import governing
from totrinn.app.judging import Actor
from totrinn.app.landing import Visitor
from totrinn.app.own_factors import StaleProof
from totrinn.app.ports import Services, Unit
from totrinn.app.records import Member
from totrinn.core.events import Event, Kind
from totrinn.core.sso import LEAST_KEEPERS


class ClosingObstacle(StrEnum):
    """Why it was not closed."""

    TOO_FEW_KEEPERS = "too_few_keepers"
    UNFIT_KEEPER = "unfit_keeper"
    NO_CONNECTION = "no_connection"


def possible_keepers(unit: Unit, organisation_id: str) -> tuple[Member, ...]:
    """The global administrators who have a password and a second factor of their own."""
    return tuple(member for member in unit.members.global_administrators(organisation_id) if _is_fit(unit, member))


def close_passwords(
    services: Services, visitor: Visitor, actor: Actor, keepers: Sequence[str]
) -> ClosingObstacle | StaleProof | None:
    """Closes it; None when it is done. `keepers` are the ids of those who keep their password."""
    with services.store.writing() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        organisation_id = current.organisation.id
        unit.members.lock(organisation_id)
        chosen = frozenset(keepers)
        if len(chosen) < LEAST_KEEPERS:
            return ClosingObstacle.TOO_FEW_KEEPERS
        for keeper in sorted(chosen):
            # Whoever lays a factor down meanwhile waits, and then reads that they keep it.
            unit.people.lock(keeper)
        if not chosen <= {member.id for member in possible_keepers(unit, organisation_id)}:
            return ClosingObstacle.UNFIT_KEEPER
        if not any(connection.is_enabled for connection in unit.connections.of_organisation(organisation_id)):
            return ClosingObstacle.NO_CONNECTION
        unit.keepers.close(organisation_id, sorted(chosen))
        unit.sweeps.add(organisation_id, visitor.now)
        _log(unit, visitor, current, Kind.PASSWORDS_CLOSED, keepers=str(len(chosen)))
        return None


def open_passwords(services: Services, visitor: Visitor, actor: Actor) -> StaleProof | None:
    """Opens it again for everybody."""
    with services.store.writing() as unit:
        current, stale = governing(unit, visitor, actor)
        if stale is not None:
            return stale
        unit.keepers.open(current.organisation.id)
        _log(unit, visitor, current, Kind.PASSWORDS_OPENED)
        return None


def _is_fit(unit: Unit, member: Member) -> bool:
    person = unit.people.find(member.id)
    return person is not None and person.password_hash is not None and bool(unit.factors.of_person(member.id))


def _log(unit: Unit, visitor: Visitor, current: Actor, kind: Kind, **detail: str) -> None:
    unit.log.write(
        Event(
            kind,
            visitor.now,
            visitor.source(current.person.id),
            organisation_id=current.organisation.id,
            detail=detail,
        )
    )
