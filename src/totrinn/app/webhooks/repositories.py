"""What is kept of webhooks; the rules that hold for all that is kept stand in `ports`.

What is to be delivered is written with each event, in its transaction (`Log.write`), for those who have subscribed.
"""

from datetime import datetime
from typing import Protocol

from totrinn.app.webhooks.records import Delivery, Outcome, Webhook, WhyOff


class Webhooks(Protocol):
    """Webhooks. Administrators reach them by (organisation, id)."""

    def of_organisation(self, organisation_id: str) -> tuple[Webhook, ...]:
        """All of an organisation's, the oldest first."""

    def find(self, organisation_id: str, webhook_id: str) -> Webhook | None:
        """One of them."""

    def find_by_id(self, webhook_id: str) -> Webhook | None:
        """The webhook with this id."""

    def add(self, webhook: Webhook) -> None:
        """Adds one."""

    def save(self, webhook: Webhook) -> None:
        """Stores address, topics and secret, and whether it is on; what failed before counts no more."""

    def switch_off(self, webhook_id: str, why: WhyOff) -> None:
        """It is told nothing any more, and what was to be delivered is forgotten."""

    def remove(self, organisation_id: str, webhook_id: str) -> bool:
        """Deletes it with all that was to be delivered; False when there is none."""

    def put(self, webhook_id: str, event_id: str, now: datetime) -> None:
        """This event is to be delivered, whatever the topics are."""

    def due(self, now: datetime) -> tuple[tuple[str, str], ...]:
        """(webhook, organisation) of those by which something is to be delivered now, by their ids."""

    def due_of(self, webhook_id: str, now: datetime, *, limit: int) -> tuple[Delivery, ...]:
        """What is to be delivered by one, the oldest first."""

    def waiting(self, webhook_id: str) -> int:
        """How much is to be delivered, now or later."""

    def claim(self, delivery: Delivery, *, until: datetime) -> bool:
        """Takes this attempt, once; others let it be until then."""

    def delivered(self, delivery: Delivery) -> None:
        """It has been taken, or is given up: forgets it."""

    def note(self, webhook_id: str, outcome: Outcome) -> None:
        """Remembers what became of an attempt; a failure counts, and what is taken ends the counting."""

    def postpone(self, webhook_id: str, now: datetime, *, until: datetime) -> None:
        """Nothing that is due now is delivered before then."""
