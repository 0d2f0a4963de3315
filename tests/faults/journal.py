"""What the server has acknowledged, written down by its clients: nothing of it may be lost, and nothing happen twice.

Each fact has one writer. Before an act it has one value, or several if an earlier act was never answered; an act that
was acknowledged moves them all, one that was refused none, and after one that was not answered both may be true.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

Value = str | int | bool


class Outcome(StrEnum):
    """What a client knows of an act afterwards."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class About(StrEnum):
    """What a fact is about, and so what its `of` names."""

    SESSION = "session"
    """An address, a space, a cookie's value: whether the session lives."""
    SECRET = "secret"
    """An address: the secret of the authenticator in base32; empty when there is none."""
    RECOVERY_CODE = "recovery code"
    """An address, a space, a code: whether it is left."""
    FAILURES = "failures"
    """An address: how many codes have failed since the last sign-in."""
    ROLE = "role"
    """An address: the role in the organisation that always requires two-factor."""
    REQUIREMENT = "requirement"
    """The short name of an organisation: whether it requires two-factor."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that the database says."""

    about: About
    of: str


Change = Callable[[Value], Value]
Changes = Mapping[Fact, Change]


def becomes(value: Value) -> Change:
    """The change to this value, whatever it was."""
    return lambda _: value


class Journal:
    """Kept by several clients at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._possible: dict[Fact, frozenset[Value]] = {}
        self._changes: Counter[Fact] = Counter()
        self._sent: dict[str, set[tuple[str, int]]] = defaultdict(set)
        self._accepted: dict[str, Counter[tuple[str, int]]] = defaultdict(Counter)
        self._violations: list[str] = []
        self.acts: Counter[str] = Counter()

    def begin(self, fact: Fact, value: Value) -> None:
        """The value from which on the fact is followed."""
        with self._lock:
            self._move(fact, frozenset({value}))

    def forget(self, fact: Fact) -> None:
        """The fact is followed no longer."""
        with self._lock:
            self._possible.pop(fact, None)

    @contextmanager
    def under_way(self, fact: Fact, value: Value) -> Iterator[None]:
        """While the block lasts the fact may have this value too: others act meanwhile, and cannot know which it is."""
        with self._lock:
            before = self._possible[fact]
            self._move(fact, before | {value})
        try:
            yield
        finally:
            with self._lock:
                self._move(fact, before)

    def _move(self, fact: Fact, possible: frozenset[Value]) -> None:
        self._possible[fact] = possible
        self._changes[fact] += 1

    def watch(self, fact: Fact) -> tuple[frozenset[Value], int]:
        """(the values that the fact may have now, how often it was changed): equal if nobody touched it between."""
        with self._lock:
            return self._possible.get(fact, frozenset()), self._changes[fact]

    def settle(self, outcome: Outcome, changes: Changes) -> None:
        """What an act with this outcome has made of facts that are followed."""
        with self._lock:
            for fact, change in changes.items():
                before = self._possible[fact]
                after = frozenset(map(change, before))
                if outcome is Outcome.DONE:
                    self._move(fact, after)
                elif outcome is Outcome.UNKNOWN:
                    self._move(fact, before | after)

    def possible(self, fact: Fact) -> frozenset[Value]:
        """The values that the fact may have now; none when it is not followed."""
        with self._lock:
            return self._possible.get(fact, frozenset())

    def facts(self) -> dict[Fact, frozenset[Value]]:
        """Every fact that is followed, with the values that it may have."""
        with self._lock:
            return dict(self._possible)

    def sends(self, email: str, secret: str, step: int) -> None:
        """The code of this secret's time step is about to be sent."""
        with self._lock:
            self._sent[email].add((secret, step))

    def accept(self, email: str, secret: str, step: int) -> None:
        """The code was acknowledged by a session."""
        with self._lock:
            self._accepted[email][secret, step] += 1
            if self._accepted[email][secret, step] > 1:
                self._violations.append(f"{email}: the code of step {step} was accepted twice")

    def acceptances(self, email: str) -> tuple[int, int]:
        """(how many codes were acknowledged, how many different ones were sent at all)."""
        with self._lock:
            return self._accepted[email].total(), len(self._sent[email])

    def last_accepted(self, email: str, secret: str) -> int:
        """The latest step of this secret that was acknowledged; -1 if none was."""
        with self._lock:
            return max((step for own, step in self._accepted[email] if own == secret), default=-1)

    def violate(self, what: str) -> None:
        """A client has seen what must never be."""
        with self._lock:
            self._violations.append(what)

    def violations(self) -> list[str]:
        """What clients have seen so far."""
        with self._lock:
            return list(self._violations)

    def count(self, act: str, outcome: Outcome) -> None:
        """One more act of this name."""
        with self._lock:
            self.acts[f"{act} {outcome}"] += 1
