"""The time as it has run on since somebody looked at the clock, whatever the clock was set to meanwhile (R36)."""

import time
from datetime import UTC, datetime, timedelta

# Time since the machine was started, which nobody sets; on Linux this one counts while the machine sleeps, too.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SteadyClock:
    """Believes the machine's clock once, when it is made."""

    def __init__(self) -> None:
        self._begun_at = datetime.now(UTC)
        self._begun = time.clock_gettime(_STEADY)

    def now(self) -> datetime:
        """The time then, and as much as has passed since."""
        return self._begun_at + timedelta(seconds=time.clock_gettime(_STEADY) - self._begun)
