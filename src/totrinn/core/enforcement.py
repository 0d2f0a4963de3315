"""Making two-factor available (the vendor), and requiring it (the organisation's global administrator).

The requirement is one row that every request is judged by. A change is first previewed, then confirmed: the
confirmation holds for one session, one organisation, one new value, one revision of the policy and the very people
that were shown, for five minutes, once (rules 5 to 7 of the product; R42 to R45).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from totrinn.core.lifetimes import CLOCK_TOLERANCE
from totrinn.core.policy import Requirement
from totrinn.core.roles import Right, Role, may

CONFIRMATION_LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy columns of one organisation."""

    requirement: Requirement
    revision: int
    available_since: datetime | None

    @property
    def is_available(self) -> bool:
        """Whether the vendor has made the feature available."""
        return self.available_since is not None


@dataclass(frozen=True, slots=True)
class Wish:
    """What an administrator asks for: on or off, and from when (None: at once)."""

    on: bool
    from_: datetime | None = None


class Change(StrEnum):
    """What a wish amounts to, beside what stands."""

    NOTHING = "nothing"
    ON = "on"
    OFF = "off"
    EARLIER = "earlier"
    LATER = "later"


class Refusal(StrEnum):
    """Why a change is not made."""

    NOT_ALLOWED = "not_allowed"
    NOT_AVAILABLE = "not_available"
    ALWAYS = "always"
    DATE_PASSED = "date_passed"
    UNKNOWN_CONFIRMATION = "unknown_confirmation"
    EXPIRED = "expired"
    SOMEONE_ELSE = "someone_else"
    PEOPLE_CHANGED = "people_changed"
    STALE_PROOF = "stale_proof"
    NEEDS_PERSON = "needs_person"
    """An API token may turn it on or to an earlier date, and nothing else (rule 13)."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Whom the requirement hits: counts of members, and a fingerprint of exactly these people.

    `missing` sign in with a password and have no second factor; `has` have one; `sso` have no password here.
    """

    missing: int
    has: int
    sso: int
    fingerprint: str
    includes_me: bool

    @property
    def total(self) -> int:
        """All members."""
        return self.missing + self.has + self.sso


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What was shown, and to whom, when the confirmation was handed out."""

    session_id: str
    """Whose it is: the session's id, or the API token's."""
    organisation_id: str
    wish: Wish
    revision: int
    fingerprint: str
    expires_at: datetime


def change_of(policy: Policy, wish: Wish, now: datetime) -> Change:
    """What the wish would change; a date that has passed means at once."""
    standing = policy.requirement
    if not wish.on:
        return Change.OFF if standing.stands() else Change.NOTHING
    if not standing.stands():
        return Change.ON
    old, new = _effective(standing.from_, now), _effective(wish.from_, now)
    if old == new:
        return Change.NOTHING
    return Change.EARLIER if new < old else Change.LATER


def refuse_wish(policy: Policy, role: Role, wish: Wish, now: datetime) -> Refusal | None:
    """Why this role may not have this wish granted; None when it may."""
    if not may(role, Right.CHANGE_REQUIREMENT):
        return Refusal.NOT_ALLOWED
    if policy.requirement.always:
        return Refusal.ALWAYS
    needs_feature = change_of(policy, wish, now) in (Change.ON, Change.EARLIER)
    return Refusal.NOT_AVAILABLE if needs_feature and not policy.is_available else None


def refuse_stricter(policy: Policy, change: Change) -> Refusal | None:
    """Why somebody who may make a requirement stricter only, may not make this change; None when they may."""
    if policy.requirement.always:
        return Refusal.ALWAYS
    if change in (Change.OFF, Change.LATER):
        return Refusal.NOT_ALLOWED
    return None if policy.is_available else Refusal.NOT_AVAILABLE


def refuse_confirmation(
    confirmation: Confirmation,
    *,
    expected_session: str,
    expected_organisation: str,
    policy: Policy,
    preview: Preview,
    now: datetime,
) -> Refusal | None:
    """Why the confirmation no longer holds; None when it does."""
    if confirmation.session_id != expected_session or confirmation.organisation_id != expected_organisation:
        return Refusal.UNKNOWN_CONFIRMATION
    if not now < confirmation.expires_at <= now + CONFIRMATION_LIFETIME + CLOCK_TOLERANCE:
        return Refusal.EXPIRED
    if confirmation.revision != policy.revision:
        return Refusal.SOMEONE_ELSE
    if confirmation.fingerprint != preview.fingerprint:
        return Refusal.PEOPLE_CHANGED
    return None


def granted(policy: Policy, wish: Wish, now: datetime) -> Requirement:
    """The requirement that stands once the wish is granted; `since` survives a move of the date."""
    if not wish.on:
        return Requirement()
    since = policy.requirement.since or now
    return Requirement(since=since, from_=wish.from_ if wish.from_ and wish.from_ > now else None)


def _effective(from_: datetime | None, now: datetime) -> datetime:
    return now if from_ is None or from_ <= now else from_
