"""Webhooks, and what is to be delivered by them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from totrinn.core.topics import Topic


class WhyOff(StrEnum):
    """Why nothing is delivered."""

    BY_HAND = "by_hand"
    FAILED = "failed"
    """For a whole day nothing was taken."""
    KEYS_LOST = "keys_lost"
    """Its secret was sealed with keys that are lost: it needs another."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: the status that was answered, or else why there was no answer."""

    at: datetime
    status: int | None
    code: str
    """A failure of fetching; empty when something was answered."""
    said: str
    """The beginning of what was answered."""
    event_id: str

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has said that it has it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where an organisation's events are sent; the secret is sealed."""

    id: str
    organisation_id: str
    address: str
    topics: frozenset[Topic]
    sealed_secret: bytes | None
    why_off: WhyOff | None
    created_at: datetime
    failing_since: datetime | None = None
    """Since when nothing has been taken."""
    failures: int = 0
    """How many attempts have failed since something was taken."""
    last: Outcome | None = None

    @property
    def is_on(self) -> bool:
        """Whether it is told of new events."""
        return self.why_off is None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that is to be delivered."""

    webhook_id: str
    event_id: str
    attempts: int
    due_at: datetime
    created_at: datetime
