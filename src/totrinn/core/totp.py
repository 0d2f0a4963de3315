"""One-time codes after RFC 6238 (SHA-1, six digits, 30 s), and what a typed code turns out to be.

A code counts for the current time step and one either side (security requirement R19), once (R16): a step at or before
the last accepted one is `Replayed`. A code that would fit another time within `DIAGNOSED_STEPS` is not accepted
but diagnosed, so that the person can be told by how much the phone's clock is off. To name a step ahead of time is to
confirm a code that will be valid later; the caller therefore hands the named steps back as `spent_steps`.
"""

import hmac
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
ACCEPTED_SKEW = 1
DIAGNOSED_STEPS = 40
SECRET_BYTES = 20


@dataclass(frozen=True, slots=True)
class Right:
    """The code is right; `step` must now be taken, once."""

    step: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """The code fits a step that has been used, or one before it."""


@dataclass(frozen=True, slots=True)
class Skewed:
    """The code fits another time: the phone's clock is off by `seconds` (positive: it is fast)."""

    seconds: int
    step: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """The code fits no time that we look at."""


Outcome = Right | Replayed | Skewed | Wrong


def step_at(now: datetime) -> int:
    """The number of the time step (RFC 6238 §4.2: T) at `now`."""
    return int(now.timestamp()) // STEP_SECONDS


def code_at(secret: bytes, step: int) -> str:
    """The six digits of RFC 4226 §5.3 for the counter `step`."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def check(secret: bytes, code: str, *, now: datetime, last_step: int, spent_steps: Container[int] = ()) -> Outcome:
    """What the six-digit `code` is at `now`, for an authenticator whose last accepted step is `last_step`."""
    current = step_at(now)
    for step in (current, current - 1, current + 1):
        if _fits(secret, code, step):
            return Right(step) if step > last_step and step not in spent_steps else Replayed()
    for distance in range(ACCEPTED_SKEW + 1, DIAGNOSED_STEPS + 1):
        for step in (current - distance, current + distance):
            if _fits(secret, code, step):
                return Skewed((step - current) * STEP_SECONDS, step)
    return Wrong()


def provisioning_uri(secret_base32: str, *, issuer: str, label: str) -> str:
    """The `otpauth://` address that an authenticator app reads off the QR code (Key URI format)."""
    name = f"{quote(issuer, safe='')}:{quote(label, safe='@')}"
    return f"otpauth://totp/{name}?secret={secret_base32}&issuer={quote(issuer, safe='')}&digits=6&period=30"


def _fits(secret: bytes, code: str, step: int) -> bool:
    return hmac.compare_digest(code_at(secret, step), code)
