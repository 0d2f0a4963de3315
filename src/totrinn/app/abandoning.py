"""What follows when the keys are lost: all that they sealed is thrown away, and nobody gets in with less than before.

Whoever had a second factor is held at enrolment at the next sign-in, as after a reset (R90). What lets people in is
never "two-factor off".
"""

from dataclasses import dataclass

from totrinn.app.administering import reset
from totrinn.app.auditing import seal_log_anew
from totrinn.app.landing import Visitor
from totrinn.app.operating import log_of_installation
from totrinn.app.ports import Services, Unit
from totrinn.app.sso_parties import sealed_key
from totrinn.core.events import Kind, Source


@dataclass(frozen=True, slots=True)
class Abandoned:
    """How much was thrown away."""

    persons: int
    connections_off: tuple[str, ...]
    """Those that need a client secret, which must be typed in anew."""


def throw_away_what_was_sealed(
    services: Services, unit: Unit, visitor: Visitor, source: Source, *, why: str
) -> Abandoned:
    """Throws away everything that was made with other keys than the services have now, in this transaction."""
    owners = unit.aftermath.owners_of_factors()
    for person_id in owners:
        reset(services, unit, visitor, person_id, source=source, why=why)
    unit.aftermath.end_all_proofs()
    unit.aftermath.forget_keyed_counters()
    unit.aftermath.forget_signing_keys()
    unit.aftermath.disarm_webhooks()
    off = tuple(
        connection_id
        for connection_id in unit.aftermath.connections()
        if unit.aftermath.disarm(connection_id, sealed_key(services, connection_id))
    )
    seal_log_anew(services, unit)
    log_of_installation(unit, visitor, source, Kind.KEYS_ABANDONED, why=why)
    return Abandoned(len(owners), off)
