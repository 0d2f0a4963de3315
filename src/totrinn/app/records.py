"""The rows that use cases work with, as storage hands them over: frozen, typed, nothing secret in the clear.

Ids are UUIDv7 in text. Times are UTC. Cookies and one-time tokens appear as SHA-256 digests only.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from totrinn.core.enforcement import Confirmation, Policy
from totrinn.core.enrolment import Pending
from totrinn.core.policy import ConnectionFacts, OrganisationFacts, PersonFacts, Proof
from totrinn.core.roles import Role
from totrinn.core.signin import State


@dataclass(frozen=True, slots=True)
class Person:
    """One e-mail address. `version` rises when the password changes or the factors are reset: older proofs are void."""

    id: str
    email: str
    name: str
    password_hash: str | None
    password_changed_at: datetime | None
    language: str | None
    version: int
    is_active: bool
    must_enrol: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Organisation:
    """A tenant, with its policy columns."""

    id: str
    slug: str
    name: str
    language: str
    time_zone: str
    is_vendor: bool
    is_active: bool
    policy: Policy
    available_by: str | None
    required_by: str | None
    created_at: datetime
    passwords_closed: bool = False
    """Whether those whom its SSO governs sign in by SSO only, save the named global administrators."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in one organisation; without `accepted_at` it is only an invitation."""

    id: str
    organisation: Organisation
    person_id: str
    role: Role
    created_at: datetime
    accepted_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A person, and their place in the organisation at hand, as they are now."""

    person: Person
    has_factor: bool
    membership_count: int
    """Accepted memberships in active organisations."""
    organisation: Organisation | None
    role: Role | None
    """The role in `organisation`; None when not an accepted member."""
    takes_password: bool = True
    """False where `organisation` has closed password sign-in for those whom its SSO governs, as it does this one."""
    person_facts: PersonFacts = field(init=False, repr=False, compare=False)
    organisation_facts: OrganisationFacts | None = field(init=False, repr=False, compare=False)
    """All that the decision needs of the above, put together once, as one standing may be judged many times."""

    def __post_init__(self) -> None:
        """Puts the facts together."""
        person, organisation = self.person, self.organisation
        facts = PersonFacts(person.is_active, self.has_factor, person.must_enrol)
        object.__setattr__(self, "person_facts", facts)
        there = None
        if organisation is not None:
            requirement = organisation.policy.requirement
            there = OrganisationFacts(
                organisation.id, requirement, self.role, organisation.is_active, self.takes_password
            )
        object.__setattr__(self, "organisation_facts", there)


@dataclass(frozen=True, slots=True)
class Authenticator:
    """A confirmed authenticator. There are no unconfirmed ones: a pending secret lives in its sign-in or session."""

    id: str
    person_id: str
    kind: str
    sealed_secret: bytes
    last_step: int
    spent_steps: frozenset[int]
    created_at: datetime
    used_at: datetime | None
    issuer: str = ""
    """What the app was told that the account belongs to, and shows ever since; empty if that was not kept."""


@dataclass(frozen=True, slots=True)
class Signin:
    """An unfinished sign-in: no session, no rights."""

    id: str
    person_id: str
    organisation_id: str | None
    person_version: int
    state: State
    proof: Proof
    amr: tuple[str, ...]
    pending: Pending | None
    next: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """An admitted sign-in, in one organisation, and how it was proven."""

    id: str
    person_id: str
    organisation_id: str
    person_version: int
    proof: Proof
    amr: tuple[str, ...]
    pending: Pending | None
    created_at: datetime
    last_seen: datetime
    browser: str
    address: str


@dataclass(frozen=True, slots=True)
class OpenSignin:
    """An unfinished sign-in with the standing that it is judged by."""

    signin: Signin
    standing: Standing
    connection: ConnectionFacts | None = None
    """Of a sign-in through SSO: its connection, as long as the link stands."""


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session with the standing that it is judged by."""

    session: Session
    standing: Standing
    connection: ConnectionFacts | None = None
    """Of a session through SSO: its connection, as long as the link stands."""


class LinkPurpose(StrEnum):
    """What a one-time link is for."""

    SETUP = "setup"
    """A first administrator (or the vendor's first person) gives address, name and password."""
    CHOOSE_PASSWORD = "choose_password"
    """A person who was created without a password chooses one."""


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A one-time link as stored: only the digest of its token is known."""

    id: str
    purpose: LinkPurpose
    organisation_id: str | None
    person_id: str | None
    role: Role | None
    created_at: datetime
    expires_at: datetime


StoredConfirmation = Confirmation
"""A confirmation of the requirement as stored, under the digest of its token."""


class MemberState(StrEnum):
    """How a member gets in, as lists and previews count it."""

    HAS = "has"
    MISSING = "missing"
    SSO = "sso"


@dataclass(frozen=True, slots=True)
class Member:
    """One row of the list of members."""

    id: str
    """The person's id."""
    email: str
    name: str
    role: Role
    state: MemberState
    must_enrol: bool
    accepted_at: datetime | None
    last_seen: datetime | None
    inactive_since: datetime | None = None
    """When the organisation's directory said that they are not to be here; they are no member meanwhile."""

    @property
    def is_inactive(self) -> bool:
        """Whether the directory keeps them out."""
        return self.inactive_since is not None

    @property
    def has_anything_to_reset(self) -> bool:
        """Whether there is a factor that may have been lost, or one that is not set up anew yet."""
        return self.accepted_at is not None and (self.state is MemberState.HAS or self.must_enrol)


@dataclass(frozen=True, slots=True)
class MemberCounts:
    """How many members there are of each state."""

    missing: int
    has: int
    sso: int

    @property
    def total(self) -> int:
        """All members."""
        return self.missing + self.has + self.sso


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One page of members, and what the pages around it are asked for by; None where there is none."""

    members: tuple[Member, ...]
    earlier: str | None
    later: str | None


@dataclass(frozen=True, slots=True)
class OrganisationSummary:
    """One row of the vendor's list."""

    organisation: Organisation
    counts: MemberCounts


class MailKind(StrEnum):
    """The mails that tell a person what happened to their account."""

    NEW_FACTOR = "new_factor"
    FACTOR_REMOVED = "factor_removed"
    FACTOR_RESET = "factor_reset"
    PASSWORD_CHANGED = "password_changed"
    WRONG_CODES = "wrong_codes"
    SSO_LINKED = "sso_linked"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in the outbox: what it says is made of `kind`, `language` and `values` when it is shown or sent."""

    id: str
    kind: MailKind
    recipient: str
    language: str
    values: dict[str, str]
    created_at: datetime
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A row of the log as read back, with the names that it mentions."""

    id: str
    kind: str
    at: datetime
    actor: str
    actor_name: str
    person_id: str | None
    person_name: str
    organisation_id: str | None
    address: str
    browser: str
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogPage:
    """Events that were searched for, the newest first, and the event to go on from when there may be more."""

    events: tuple[LoggedEvent, ...]
    go_on: str | None


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed batch of one organisation's events, chained to the batch before it."""

    organisation_id: str
    number: int
    first_event: str
    last_event: str
    count: int
    digest: str
    sealed_at: datetime
