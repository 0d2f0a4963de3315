"""The shapes of what is sent and answered. Names that are not here are refused (R48)."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from totrinn.core.api_tokens import LONGEST_LIFE, Scope
from totrinn.core.enforcement import Change
from totrinn.core.events import Kind
from totrinn.web.api.faults import Fault

Time = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Why = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"\S", description="It stands in the log.")]
Limit = Annotated[int, Meta(ge=1, le=100)]
Cursor = Annotated[str, Meta(max_length=100, description="What the page before said is `next`.")]
Query = Annotated[str, Meta(max_length=100)]
Filter = Literal["all", "missing", "has", "sso"]


class Answer(Struct, frozen=True):
    """What is answered."""


class Sent(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent: of exactly this shape."""


class ErrorAt(Answer, frozen=True):
    """What is wrong, and where (RFC 6901). `code` is stable; `detail` is a sentence in the caller's language."""

    pointer: str
    code: Fault
    detail: str


class ProofShape(Answer, frozen=True):
    """What must be proven again, on a page: `/account`, or at the organisation's provider."""

    code: bool
    sso: bool


class ProblemShape(Answer, frozen=True):
    """Why it was not done (RFC 9457). `code` is stable; `title` is a sentence in the caller's language."""

    type: str
    title: str
    status: int
    code: str
    errors: list[ErrorAt] | UnsetType = UNSET
    scopes: list[str] | UnsetType = UNSET
    proof: ProofShape | UnsetType = UNSET
    cause: str | UnsetType = UNSET
    """Why somebody outside could not be asked: a stable code."""
    detail: str | UnsetType = UNSET


class Paged(Sent, frozen=True):
    """Which page."""

    cursor: Cursor | None = None
    limit: Limit = 25


# The organisation ------------------------------------------------------------------------------------------------


class OrganisationShape(Answer, frozen=True):
    """An organisation."""

    slug: str
    name: str
    language: str
    time_zone: str
    created_at: datetime


class OrganisationChange(Sent, frozen=True):
    """What is to be changed; the rest stays."""

    name: Name | UnsetType = UNSET
    language: Literal["nb", "nn", "en"] | UnsetType = UNSET
    time_zone: Annotated[str, Meta(max_length=60)] | UnsetType = UNSET


class Adoption(Answer, frozen=True):
    """How many sign in by password and have no second factor, have one, or come through SSO only."""

    missing: int
    has: int
    sso: int
    total: int


class RequirementShape(Answer, frozen=True):
    """The requirement as it stands."""

    state: Literal[
        "off", "unavailable", "dated", "on", "always", "withdrawn_dated", "withdrawn_on",
    ]  # fmt: skip
    on: bool
    since: datetime | None
    from_: datetime | None = field(name="from")
    available: bool
    revision: int


class RequirementWish(Sent, frozen=True):
    """What is wished for; without `from` it bites at once."""

    on: bool
    from_: Time | None = field(name="from", default=None)


class Named(Answer, frozen=True):
    """A person, by id and name."""

    id: str
    name: str


class Preview(Answer, frozen=True):
    """Whom the change hits, and the token that confirms exactly this, once, within five minutes."""

    change: Change
    confirmation: str
    expires_in: int
    missing: int
    has: int
    sso: int
    includes_me: bool
    names: list[Named]
    """The first of those who have no second factor, by name."""
    proof: ProofShape | None
    """What must be proven again before it can be confirmed."""


class Confirming(Sent, frozen=True):
    """The confirmation that the preview gave."""

    confirmation: Annotated[str, Meta(min_length=1, max_length=100)]


# Members ---------------------------------------------------------------------------------------------------------


class MemberShape(Answer, frozen=True):
    """A member; of whom is only invited, or inactive in the directory, nothing but name, address and role."""

    id: str
    email: str
    name: str
    role: str
    state: Literal["has", "missing", "sso", "invited", "inactive"]
    must_enrol: bool
    last_seen: datetime | None


class MemberList(Answer, frozen=True):
    """A page of members, by name."""

    items: list[MemberShape]
    next: str | None


class MembersWanted(Paged, frozen=True):
    """Which members."""

    q: Query = ""
    filter: Filter = "all"


class MemberWanted(Sent, frozen=True):
    """Whom to add; without a name they are called by what stands before the @."""

    email: Annotated[str, Meta(min_length=1, max_length=320)]
    role: Literal["user", "administrator", "global_administrator"] = "user"
    name: Annotated[str, Meta(max_length=100)] = ""


class MemberAdded(Answer, frozen=True):
    """The member; and the link by which somebody new chooses a password, told this once.

    Without a link they come by the organisation's provider; or they have an account, and are offered a membership
    (`invited`): they accept it after signing in.
    """

    member: MemberShape
    link: str | None
    expires_at: datetime | None


class RoleWanted(Sent, frozen=True):
    """The role to give."""

    role: Literal["user", "administrator", "global_administrator"]


class SessionShape(Answer, frozen=True):
    """A session in this organisation. `id` names it, and opens nothing."""

    id: str
    started_at: datetime
    last_seen: datetime
    method: Literal["password", "sso"]
    browser: str


class SessionList(Answer, frozen=True):
    """A member's sessions in this organisation."""

    items: list[SessionShape]


class FactorShape(Answer, frozen=True):
    """A second factor; never its secret."""

    kind: str
    enrolled_at: datetime
    used_at: datetime | None


class Factors(Answer, frozen=True):
    """A member's second factors, and how many recovery codes are left."""

    items: list[FactorShape]
    recovery_codes_left: int


class Reason(Sent, frozen=True):
    """Why it is done."""

    why: Why


# The log, tokens --------------------------------------------------------------------------------------------------


class Switch(Sent, frozen=True):
    """On or off."""

    is_enabled: bool


class EventShape(Answer, frozen=True):
    """A line of the log; `text` is it as a sentence in the caller's language."""

    id: str
    kind: str
    at: datetime
    text: str
    actor: str
    actor_name: str
    person: Named | None
    address: str
    browser: str
    detail: dict[str, str]


class EventList(Answer, frozen=True):
    """A page of the log, the newest first."""

    items: list[EventShape]
    next: str | None


class EventsWanted(Paged, frozen=True):
    """Which events."""

    q: Query = ""
    kind: Kind | None = None


class TokenShape(Answer, frozen=True):
    """A token; never its text. `holds`: it would be taken now."""

    id: str
    name: str
    scopes: list[Scope]
    made_by: str
    created_at: datetime
    ends_at: datetime
    used_at: datetime | None
    holds: bool


class TokenList(Answer, frozen=True):
    """The organisation's tokens, the newest first."""

    items: list[TokenShape]


class TokenWanted(Sent, frozen=True):
    """A token to be made."""

    name: Name
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=len(Scope))]
    days: Annotated[int, Meta(ge=1, le=LONGEST_LIFE.days)]


class TokenMade(Answer, frozen=True):
    """The token, whose text is told this once."""

    id: str
    token: str
    ends_at: datetime
