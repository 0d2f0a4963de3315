"""What is kept for the sake of the keys: sealed values wherever they stand, and which process knows which key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

LIVES = timedelta(seconds=90)
"""A process that has not been heard of for so long is taken for gone; each tells of itself every half minute."""


class SealedPlace(StrEnum):
    """Every column that holds something sealed, in the order in which secrets move on from one to the next."""

    PENDING_OF_SIGNIN = "signin.pending_secret"
    PENDING_OF_SESSION = "session.pending_secret"
    CHALLENGE = "sso_attempt.sealed_challenge"
    CLIENT_SECRET = "connection.sealed_secret"
    CONNECTION_KEY = "connection.sealed_key"
    SIGNING_KEY = "signing_key.sealed_private"
    WEBHOOK_SECRET = "webhook.sealed_secret"
    AUTHENTICATOR = "authenticator.sealed_secret"


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One sealed value: its row, the id that it is bound to, the bytes as they were read."""

    id: str
    bound_to: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Node:
    """One process that serves, as it told of itself at `seen_at`."""

    id: str
    name: str
    version: str
    key_ids: tuple[str, ...]
    active_key: str
    started_at: datetime
    seen_at: datetime

    def lives(self, now: datetime) -> bool:
        """Whether it has been heard of lately."""
        return now - self.seen_at < LIVES


class Sealed(Protocol):
    """Sealed values, by place."""

    def count_by_key(self, place: SealedPlace) -> dict[str, int]:
        """How many values are sealed with each key."""

    def some_not_by(self, place: SealedPlace, key_id: str, *, after: str, limit: int) -> tuple[SealedRow, ...]:
        """The first rows after this one that are sealed with another key; those that others write now are left out."""

    def replace(self, place: SealedPlace, row: SealedRow, sealed: bytes) -> bool:
        """Puts these bytes in the place of those that were read; False when others stand there by now."""


class Nodes(Protocol):
    """The processes that serve."""

    def report(self, node: Node) -> None:
        """Writes what a process says of itself."""

    def all(self) -> tuple[Node, ...]:
        """Those that have not gone in good order, the oldest first; `seen_at` tells whether they still live."""

    def leave(self, node_id: str) -> None:
        """Takes a process off that ends, and those that it began."""

    def forget(self, before: datetime) -> int:
        """Takes off those that have not been seen since; how many there were."""


class Aftermath(Protocol):
    """What is thrown away when the keys are lost, or when a backup was put back."""

    def end_all_proofs(self) -> int:
        """Ends every session, unfinished sign-in, request, link and confirmation; how many rows that were."""

    def raise_steps(self, step: int) -> int:
        """Has no authenticator accept this time step or an earlier one; how many accepted one."""

    def forget_recovery_codes(self) -> int:
        """Deletes every recovery code; how many there were."""

    def forget_signing_keys(self) -> int:
        """Deletes the keys that sign for applications; how many there were. New ones are made when they are needed."""

    def forget_processes(self) -> None:
        """Takes every process off the list."""

    def owners_of_factors(self) -> tuple[str, ...]:
        """The persons who have an authenticator or recovery codes."""

    def connections(self) -> tuple[str, ...]:
        """The ids of all connections."""

    def disarm(self, connection_id: str, sealed_key: bytes) -> bool:
        """Gives the connection a new key and takes its secret; it is switched off if it had one. Whether it had."""

    def disarm_webhooks(self) -> int:
        """Takes every webhook its secret, and switches it off; how many there were."""

    def forget_keyed_counters(self) -> int:
        """Deletes the counters that were found by a keyed digest; how many there were."""

    def state_revision(self, revision: str) -> None:
        """Writes down which revision the tables have, where that was left out."""
