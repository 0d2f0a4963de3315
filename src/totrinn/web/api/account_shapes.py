"""The shapes of what is a person's own."""

from datetime import datetime
from typing import Literal

from totrinn.web.api.shapes import Answer, FactorShape, Sent


class MembershipShape(Answer, frozen=True):
    """A membership of one's own; `is_accepted`: it is one, and no offer."""

    slug: str
    name: str
    role: str
    is_accepted: bool
    is_current: bool


class AccountShape(Answer, frozen=True):
    """Who asks. `through_sso`: an organisation vouches for them here, and nothing is told but of that organisation."""

    id: str
    email: str
    name: str
    language: str | None
    through_sso: bool
    must_enrol: bool
    password_changed_at: datetime | None
    memberships: list[MembershipShape]


class AccountChange(Sent, frozen=True):
    """One's own language."""

    language: Literal["nb", "nn", "en"]


class OwnSession(Answer, frozen=True):
    """A session of one's own. `id` names it, and opens nothing."""

    id: str
    organisation: str
    started_at: datetime
    last_seen: datetime
    method: Literal["password", "sso"]
    browser: str
    address: str
    is_this: bool


class OwnSessions(Answer, frozen=True):
    """One's own sessions."""

    items: list[OwnSession]


class OwnFactors(Answer, frozen=True):
    """One's own second factors, never their secrets. `held_by`: whose requirement keeps the last one in its place."""

    items: list[FactorShape]
    recovery_codes_left: int
    held_by: list[str]
