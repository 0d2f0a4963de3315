"""Events go out by webhooks, about a second after; the way out is guarded as for everything that is fetched."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from totrinn.app.identity_providers import Unavailable
from totrinn.app.webhooks.delivering import deliver, webhooks_due
from totrinn.serving.errands import Errand, Errands

if TYPE_CHECKING:
    from totrinn.bootstrap import Installation
    from totrinn.fetching.exchange import Fetcher

_AT_ONCE = 6
_OF_ONE_ORGANISATION = 2
_MOST_BYTES = 64 * 1024
_LONGEST_TURN_SECONDS = 10.0


class Deliverer:
    """Finds what is to be delivered, and sends it."""

    def __init__(self, installation: "Installation") -> None:
        self._services = installation.services
        self._allow_private = installation.settings.allow_private_addresses

    def due(self, now: datetime) -> Iterator[Errand]:
        """One errand for each webhook by which something is due."""
        for webhook_id, organisation_id in webhooks_due(self._services, now):
            yield Errand(webhook_id, organisation_id, partial(self.deliver, webhook_id))

    def deliver(self, webhook_id: str) -> None:
        """Sends what is due by one. A receiver that takes its time waits for its next turn, as there are others."""
        ends = time.monotonic() + _LONGEST_TURN_SECONDS
        deliver(self._services, _clock, webhook_id, send=self._send, is_enough=lambda: time.monotonic() >= ends)

    @cached_property
    def _fetcher(self) -> "Fetcher":
        """Made when it is first needed, so that the start is not slowed."""
        from totrinn.fetching.exchange import Fetcher

        return Fetcher(allow_private=self._allow_private)

    def _send(self, address: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes] | Unavailable:
        fetched = self._fetcher.send(address, body, headers, limit=_MOST_BYTES)
        return fetched if isinstance(fetched, Unavailable) else (fetched.status, fetched.body)


def _clock() -> datetime:
    return datetime.now(UTC)


def delivering(installation: "Installation") -> Errands:
    """The thread that delivers, not yet begun."""
    return Errands("delivering", Deliverer(installation).due, at_once=_AT_ONCE, of_one_owner=_OF_ONE_ORGANISATION)
