"""A session that came through SSO proves the person's own second factor besides, as an application demands it.

Like a connection that demands evidence: the factor proves more of who came, and opens nothing that is the person's own.
"""

from dataclasses import replace

from totrinn.app.authenticators import log_factor
from totrinn.app.judging import Actor, acting
from totrinn.app.landing import Visitor, factor_throttle
from totrinn.app.own_factors import Changed, renewed
from totrinn.app.ports import Services
from totrinn.app.proving import CodeRefused, CodeRight, check_code, with_factor
from totrinn.core.events import Kind
from totrinn.core.roles import Right


def prove_factor(services: Services, visitor: Visitor, actor: Actor, typed: str) -> Changed | CodeRefused:
    """Proves a code of the person's own; the session gets a new cookie."""
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.USE_ACCOUNT, visitor.now)
        session = current.live.session
        proven = check_code(
            services,
            unit,
            visitor,
            current.person,
            typed,
            organisation_id=current.organisation.id,
            key=factor_throttle(current.person.id, session.proof),
        )
        if not isinstance(proven, CodeRight):
            return proven
        amr = tuple(dict.fromkeys((*session.amr, *proven.amr)))
        session = replace(session, proof=with_factor(session.proof, visitor.now), amr=amr)
        log_factor(unit, visitor, Kind.PROVEN_AGAIN, current.person, current.organisation.id)
        return Changed(renewed(services, unit, session))
