"""What is kept of requests, grants, tokens and keys; the rules that hold for all that is kept stand in `ports`."""

from datetime import datetime
from typing import Protocol

from totrinn.app.applications.grant_records import (
    Authorisation,
    Channel,
    Grant,
    SigningKey,
    StoredRequest,
    StoredToken,
    Sweep,
    Told,
    WhyEnded,
)


class Requests(Protocol):
    """Requests that stand in rows, under the digest of a random id; and of all of them what is done once."""

    def add(self, digest: bytes, request: StoredRequest) -> None:
        """Adds one."""

    def find(self, digest: bytes) -> StoredRequest | None:
        """Looks at one without ending it; expired ones are found too."""

    def take(self, digest: bytes) -> StoredRequest | None:
        """Takes it, once."""

    def mark(self, digest: bytes, expires_at: datetime) -> bool:
        """Remembers that something was done, once; False when it had been."""

    def is_marked(self, digest: bytes) -> bool:
        """Whether it was."""


class Grants(Protocol):
    """Grants. The database itself ends a grant when its session ends, whatever ended that."""

    def ensure(self, grant: Grant, now: datetime) -> tuple[str, bool]:
        """The id of the grant of this application and this session, and whether it is new."""

    def find(self, grant_id: str) -> Grant | None:
        """One, over or not."""

    def end(self, grant_id: str) -> bool:
        """Ends one, so that its application is told; False when it was over."""

    def end_of_member(self, organisation_id: str, person_id: str) -> int:
        """Ends those of a person in an organisation."""

    def end_of_application(self, application_id: str, now: datetime) -> int:
        """Ends all of an application, which is switched off."""

    def sessions(self, organisation_id: str, *, after: str, limit: int) -> tuple[str, ...]:
        """The ids of those sessions of an organisation that applications rely on, in order."""

    def end_of_session(self, session_id: str) -> int:
        """Ends those that rely on this session, which itself goes on."""

    def of_person(self, person_id: str) -> tuple[str, ...]:
        """The ids of a person's grants that are not over."""

    def explain(self, grant_ids: tuple[str, ...], why: WhyEnded, now: datetime) -> None:
        """Writes down why those of these ended that are over, and of which nobody has said it before."""

    def to_tell(self, now: datetime) -> tuple[tuple[str, Channel], ...]:
        """The ids of the applications that are to be told of grants that are over, and whose turn has come."""

    def untold(self, application_id: str, channel: Channel, now: datetime, *, limit: int) -> tuple[Told, ...]:
        """Of an application's grants those that are over, and whose turn has come."""

    def postpone(self, application_id: str, channel: Channel, now: datetime, *, until: datetime) -> None:
        """Lets all of those wait: the application does not listen."""

    def claim(self, told: Told, *, until: datetime) -> Told | None:
        """Takes one to tell of it, once: nobody else does before `until`. None when somebody else has."""

    def done(self, told: Told) -> None:
        """It has been told, or is given up; deletes the grant when its application is told by no other channel."""


class Authorisations(Protocol):
    """Codes, and the tokens that came of them."""

    def add(self, digest: bytes, authorisation: Authorisation, now: datetime) -> None:
        """Adds one under the digest of its code."""

    def find(self, digest: bytes) -> Authorisation | None:
        """The one of this code, used or not."""

    def use(self, authorisation_id: str, now: datetime) -> bool:
        """Uses its code, once."""

    def hold(self, authorisation_id: str) -> bool:
        """Makes others who exchange its tokens wait until this transaction ends; False when it has ended."""

    def end(self, authorisation_id: str) -> None:
        """Ends it with all its tokens."""

    def add_access(
        self, digest: bytes, authorisation_id: str, scopes: tuple[str, ...], *, now: datetime, expires_at: datetime
    ) -> None:
        """Adds an access token."""

    def find_access(self, digest: bytes) -> StoredToken | None:
        """An access token; expired ones are found too."""

    def end_access(self, digest: bytes) -> None:
        """Ends one access token."""

    def add_refresh(self, digest: bytes, authorisation_id: str, now: datetime) -> None:
        """Adds a refresh token, unless it is there."""

    def find_refresh(self, digest: bytes) -> StoredToken | None:
        """A refresh token, used or not."""

    def use_refresh(self, digest: bytes, now: datetime) -> bool:
        """Uses a refresh token, once."""


class Assertions(Protocol):
    """What applications have signed to prove themselves, until it would not be accepted any more."""

    def take(self, application_id: str, jti: str, expires_at: datetime) -> bool:
        """Takes one, once, over all processes; False when it was taken before."""


class SigningKeys(Protocol):
    """Our keys for tokens."""

    def all(self) -> tuple[SigningKey, ...]:
        """All of them, the newest first."""

    def add(self, key: SigningKey) -> None:
        """Adds one."""

    def forget(self, key_id: str) -> None:
        """Deletes one."""


class Sweeps(Protocol):
    """Organisations of which everybody has to be judged, as something was changed for all of them."""

    def add(self, organisation_id: str, due_at: datetime) -> None:
        """Adds one, unless it is there."""

    def is_any_due(self, now: datetime) -> bool:
        """Whether one is due."""

    def take_due(self, now: datetime, *, until: datetime) -> Sweep | None:
        """One that is due; nobody else takes it before `until`."""

    def done(self, sweep: Sweep) -> None:
        """Deletes one."""
