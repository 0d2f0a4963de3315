"""How long sign-ins and sessions live (R56)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

SIGNIN_LIFETIME = timedelta(minutes=10)
SESSION_IDLE = timedelta(minutes=60)
SESSION_ABSOLUTE = timedelta(hours=12)
SEEN_GRANULARITY = timedelta(minutes=1)
"""`last_seen` is written at most this often; idleness is therefore known to this precision."""
CLOCK_TOLERANCE = timedelta(minutes=2)
"""What was made further in the future than this is not believed: the clock has been set back."""
ONE_TIME_LINK = timedelta(hours=1)
SSO_ATTEMPT = timedelta(minutes=10)
"""How long somebody may take at their identity provider."""
DEVICE_LIFETIME = timedelta(days=400)
GATE_TICKET = timedelta(seconds=30)
"""From our own host to a protected one, by the browser, without anybody having to do anything."""
GATE_TICKET_OVERLAP = timedelta(minutes=1)
"""Windows that come to a protected host within so short a time of each other were opened together."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The lifetimes of one organisation's sessions."""

    idle: timedelta = SESSION_IDLE
    absolute: timedelta = SESSION_ABSOLUTE

    def is_over(
        self, *, created_at: datetime, last_seen: datetime, now: datetime, ends_at: datetime | None = None
    ) -> bool:
        """Whether a session has idled or lived too long, or past `ends_at`; a clock set back counts as over, too."""
        if ends_at is not None and ends_at <= now:
            return True
        if now + CLOCK_TOLERANCE < max(created_at, last_seen):
            return True
        return now - last_seen >= self.idle or now - created_at >= self.absolute
