"""How often one may guess. Counters are facts; the rules are here; `app` saves the counters before it answers.

Two kinds of counter, which never draw on each other (R14): failed passwords per typed address (whether or not it
exists, so that the answer tells nothing), and failed second factors per person. Both allow `FREE_FAILURES`, then
make the next attempt wait, doubling from 1 s to 15 min, and end at `LAST_FAILURE` in a row (R13; NIST SP 800-63B
§5.2.2). A network address counts only when it fails against many different accounts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

FREE_FAILURES = 5
LAST_FAILURE = 100
LONGEST_WAIT = timedelta(minutes=15)
MAIL_AT_FACTOR_FAILURES = frozenset({5, 20, 50})

ADDRESS_WINDOW = timedelta(minutes=10)
ADDRESS_FAILURES = 300
ADDRESS_ACCOUNTS = 20


@dataclass(frozen=True, slots=True)
class Counter:
    """Failures in a row, and the time of the last one."""

    failures: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Free:
    """May try now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """May try again at `until`; until then what is typed is not looked at."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """No more guesses; only another way in helps."""


Allowance = Free | Wait | Ended


def allowance(counter: Counter, now: datetime) -> Allowance:
    """Whether the next attempt is looked at."""
    if counter.failures >= LAST_FAILURE:
        return Ended()
    until = _waits_until(counter)
    return Free() if until is None or until <= now else Wait(until)


def recovery_allowance(counter: Counter, now: datetime) -> Allowance:
    """Whether a recovery code is looked at: the same waits, but no end, as 120 bits cannot be guessed."""
    until = _waits_until(counter)
    return Free() if until is None or until <= now else Wait(until)


def must_count_first(counter: Counter) -> bool:
    """Whether the next attempt is counted as a failure before it is looked at, and taken back if it was right.

    Where attempts have to wait, those that come at once would otherwise all be looked at.
    """
    return counter.failures >= FREE_FAILURES - 1


def after_failure(counter: Counter, now: datetime) -> Counter:
    """The counter after one more failure."""
    return Counter(min(counter.failures + 1, LAST_FAILURE), now)


def address_allowance(failures: int, accounts: int, oldest: datetime | None, now: datetime) -> Allowance:
    """Whether a network address with this many failures against this many accounts in the window may try."""
    if failures < ADDRESS_FAILURES or accounts < ADDRESS_ACCOUNTS:
        return Free()
    return Wait((oldest or now) + ADDRESS_WINDOW)


def _waits_until(counter: Counter) -> datetime | None:
    if counter.failures < FREE_FAILURES or counter.last_at is None:
        return None
    seconds = 2 ** min(counter.failures - FREE_FAILURES, 20)
    return counter.last_at + min(timedelta(seconds=seconds), LONGEST_WAIT)
