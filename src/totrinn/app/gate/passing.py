"""How a session comes to count on a protected host: by a ticket that our own host hands out, and that is taken once."""

import hmac
from dataclasses import dataclass

from totrinn.app.gate.records import Ticket
from totrinn.app.judging import Actor, acting
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit
from totrinn.core.lifetimes import GATE_TICKET, GATE_TICKET_OVERLAP
from totrinn.core.roles import Right


@dataclass(frozen=True, slots=True)
class Entered:
    """A pass was made: its cookie, and where the person wanted to go on that host."""

    token: str
    path: str


def protected_application(unit: Unit, host: str) -> str | None:
    """The id of the application that the gate protects under this host name, if it is switched on."""
    application = unit.applications.find_by_host(host)
    return application.id if application is not None and application.is_enabled else None


def hand_over(services: Services, visitor: Visitor, actor: Actor, *, host: str, path: str, start: bytes) -> str | None:
    """The ticket that takes the session to this host, for the browser whose start cookie has this digest.

    None where no application stands behind the gate under this name. Raises `NotAdmitted`.
    """
    token = services.random.token()
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.USE_ACCOUNT, visitor.now)
        application_id = protected_application(unit, host)
        if application_id is None:
            return None
        expires_at = visitor.now + GATE_TICKET
        ticket = Ticket(host, application_id, start, path, current.live.session.id, expires_at)
        unit.passes.add_ticket(services.digest(token), ticket)
    return token


def enter(services: Services, visitor: Visitor, *, ticket: str, host: str, start: str) -> Entered | None:
    """The pass that the ticket becomes; None for a ticket of another host or browser, too old, or used before.

    Whichever it is, the ticket is used up. The pass is judged at each check, as the session is.
    """
    token = services.random.token()
    with services.store.writing() as unit:
        taken = unit.passes.take_ticket(services.digest(ticket))
        if taken is None or not _fits(taken, visitor, host, services.digest(start)):
            return None
        if protected_application(unit, host) != taken.application_id:
            return None
        # Windows that were opened together each come with a ticket of their own, and keep their passes.
        unit.passes.end_older(taken.session_id, host, than=visitor.now - GATE_TICKET_OVERLAP)
        unit.passes.add(services.digest(token), taken, visitor.now)
    return Entered(token, taken.path)


def _fits(ticket: Ticket, visitor: Visitor, host: str, start: bytes) -> bool:
    return ticket.host == host and visitor.now < ticket.expires_at and hmac.compare_digest(ticket.start, start)
