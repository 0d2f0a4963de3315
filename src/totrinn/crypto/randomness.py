"""Fresh random values, all from the operating system's generator."""

import secrets
import threading
from datetime import UTC, datetime, timedelta

from totrinn.app.ports import Randomness
from totrinn.core.identity import CHANCE_BITS, uuid7

_TOKEN_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_CLOCK_WAS_SET_BACK = 10_000
# An id that follows another within its millisecond differs by at least 1 and by more than anybody can guess.
_STEP_BITS = 48


class SystemRandomness(Randomness):
    """Implements `ports.Randomness`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._milliseconds = 0
        self._chance = 0

    def token(self) -> str:
        """256 bits, URL-safe."""
        return secrets.token_urlsafe(_TOKEN_BYTES)

    def id(self, now: datetime) -> str:
        """A UUIDv7 that sorts after every id that this process was given before.

        Only when the clock has been set back by more than ten seconds does the order begin anew.
        """
        milliseconds = (now - _EPOCH) // _MILLISECOND
        with self._lock:
            if self._milliseconds - _CLOCK_WAS_SET_BACK <= milliseconds <= self._milliseconds:
                self._follow()
            else:
                self._milliseconds = milliseconds
                # The upper half is left free for those that follow.
                self._chance = secrets.randbits(CHANCE_BITS - 1)
            return uuid7(self._milliseconds, self._chance)

    def bytes(self, count: int) -> bytes:
        """Random bytes."""
        return secrets.token_bytes(count)

    def _follow(self) -> None:
        chance = self._chance + 1 + secrets.randbits(_STEP_BITS)
        if chance >> CHANCE_BITS:
            self._milliseconds += 1
            chance = secrets.randbits(CHANCE_BITS - 1)
        self._chance = chance
