"""What is kept of API tokens, and of requests that were made once; the rules for all that is kept stand in `ports`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from totrinn.app.token_records import ApiToken, LiveToken


class ApiTokens(Protocol):
    """API tokens, under the digest of their text."""

    def add(self, digest: bytes, token: ApiToken) -> bool:
        """Adds one; False when the organisation has one of that name."""

    def find(self, digest: bytes) -> LiveToken | None:
        """The token with its maker's standing, read afresh in one statement; expired ones are found too."""

    def find_by_id(self, token_id: str) -> LiveToken | None:
        """The same, by the token's id."""

    def of_organisation(self, organisation_id: str) -> tuple[LiveToken, ...]:
        """All tokens of an organisation, the newest first."""

    def used(self, token_id: str, at: datetime) -> None:
        """Remembers when it was last used."""

    def end(self, organisation_id: str, token_id: str) -> ApiToken | None:
        """Deletes one of this organisation, once; None when there is none."""

    def end_of_person(self, person_id: str) -> int:
        """Deletes those that a person has made; how many there were."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was made under an idempotency key, and its answer; no status while it is under way."""

    request: bytes
    """The digest of method, path and body."""
    status: int | None
    answer: bytes | None
    """None where the answer is told once only."""


class RepeatedRequests(Protocol):
    """Requests under the idempotency keys of their callers."""

    def begin(self, caller: str, key: bytes, request: bytes, *, now: datetime, forget_before: datetime) -> bool:
        """Takes the key, once; False when the caller has used it since. Older ones are forgotten."""

    def find(self, caller: str, key: bytes) -> Answered | None:
        """What was made of the key."""

    def finish(self, caller: str, key: bytes, *, status: int, answer: bytes | None) -> None:
        """Keeps the answer."""

    def give_up(self, caller: str, key: bytes) -> None:
        """Forgets a request that came to nothing."""
