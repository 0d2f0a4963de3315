"""What is kept of the gate; the rules that hold for all that is kept stand in `ports`."""

from datetime import datetime
from typing import Protocol

from totrinn.app.gate.records import Ticket
from totrinn.app.records import LiveSession


class Passes(Protocol):
    """Tickets and passes, by the digests of their tokens. Both end with their session and with their application."""

    def add_ticket(self, digest: bytes, ticket: Ticket) -> None:
        """Adds a ticket."""

    def take_ticket(self, digest: bytes) -> Ticket | None:
        """Takes it, once; expired ones are found too."""

    def add(self, digest: bytes, ticket: Ticket, now: datetime) -> None:
        """Adds the pass that a ticket becomes."""

    def end_older(self, session_id: str, host: str, *, than: datetime) -> None:
        """Ends the passes that this session was given on this host before."""


class GateReads(Protocol):
    """What a check rests on, read afresh at each: never from what could be outdated, nor from a standby.

    Raises `StoreUnavailable` when the database does not answer at once. Lives in one event loop.
    """

    async def behind_pass(self, digest: bytes, host: str) -> LiveSession | None:
        """The session of this pass, if the pass is for this host, and the host still its application's, which is on."""

    async def behind_session(self, digest: bytes) -> LiveSession | None:
        """The session with this cookie."""

    async def is_protected(self, host: str) -> bool:
        """Whether an application that is switched on stands behind the gate under this host name."""

    def close(self) -> None:
        """Closes its connections."""
