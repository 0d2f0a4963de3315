"""Being told what happens, to count it. Nothing here decides, delays or fails anything.

What a transaction wrote is told after it was committed: what was rolled back has not happened.
"""

from collections.abc import Sequence

from totrinn.core.events import Event


class Observer:
    """Is told, and counts nothing; whoever counts overrides what they count. No call may wait or raise."""

    def committed(self, events: Sequence[Event]) -> None:
        """These events are in the log."""

    def store_failed(self) -> None:
        """The database was gone, full, locked or too busy."""

    def judged(self, verdict: str) -> None:
        """A request that needs a sign-in got this verdict of `core.policy`, or "SignInRequired" for want of any."""

    def gated(self, outcome: str) -> None:
        """A check of the gate ended: "admitted", or the code of its refusal."""

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered. `route` is the template, never the path."""

    def hash_queued(self, change: int) -> None:
        """One more waits for a core (1), or one less (-1)."""

    def hash_running(self, change: int) -> None:
        """One more password is hashed (1), or one less (-1)."""

    def hash_waited(self, seconds: float) -> None:
        """A password's turn has come after so long."""

    def hash_refused(self) -> None:
        """There was no place in the queue, or the wait was too long."""

    def provider_asked(self, outcome: str) -> None:
        """A request to an identity provider ended: "answered", or a code of `sso`."""

    def house_kept(self, work: str, *, has_failed: bool) -> None:
        """A round of one work of the housekeeping ended."""


NOBODY = Observer()
"""Nobody looks."""
