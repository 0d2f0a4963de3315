"""Enrolling, replacing and removing authenticators: when each is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from totrinn.core.lifetimes import CLOCK_TOLERANCE
from totrinn.core.policy import Method, Proof, Requirement
from totrinn.core.roles import Role

PENDING_LIFETIME = timedelta(minutes=10)
"""How long an unconfirmed secret may be confirmed (R26)."""
FRESH_PROOF = timedelta(minutes=20)
"""How old the proof of an existing factor may be when factors change (R29; NIST SP 800-63B §6.1.2.1)."""
PASSWORD_BEFORE_SECRET = timedelta(minutes=10)
"""How old a proven password may be when a first secret is shown."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A secret that has been shown and not confirmed. It is no authenticator."""

    sealed_secret: bytes
    expires_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Whether it may still be confirmed; one that would live for too long was made by a clock set back since."""
        return now < self.expires_at <= now + PENDING_LIFETIME + CLOCK_TOLERANCE


def is_fresh(proof: Proof, *, has_factor: bool, now: datetime) -> bool:
    """Whether the person proved everything that they have within the last 20 minutes.

    Only their own credentials count for this: a proof by SSO is never fresh.
    """
    if proof.method is not Method.PASSWORD or not _is_within(FRESH_PROOF, proof.proven_at, now):
        return False
    return not has_factor or (proof.factor_at is not None and _is_within(FRESH_PROOF, proof.factor_at, now))


def is_fresh_for_organisation(proof: Proof, *, has_factor: bool, now: datetime) -> bool:
    """Whether what governs the organisation may be changed: by own credentials, or its SSO, within 20 minutes.

    A provider that tells when it last saw the person prove themselves is believed: that counts, not the answer.
    """
    if proof.method is not Method.SSO or proof.sso is None:
        return is_fresh(proof, has_factor=has_factor, now=now)
    seen_at = proof.sso.authenticated_at or proof.proven_at
    return _is_within(FRESH_PROOF, min(seen_at, proof.proven_at), now)


def password_is_recent(proof: Proof, now: datetime) -> bool:
    """Whether a first secret may be shown without asking the password again."""
    return _is_within(PASSWORD_BEFORE_SECRET, proof.proven_at, now)


def _is_within(span: timedelta, at: datetime, now: datetime) -> bool:
    """Whether it was at most so long ago; what lies in the future is not believed, as the clock was set back."""
    return -CLOCK_TOLERANCE <= now - at <= span


@dataclass(frozen=True, slots=True)
class Holder:
    """One of a person's organisations, as far as it forbids removing the last factor."""

    name: str
    role: Role
    requirement: Requirement
    keeps_password: bool = False
    """The person is one of those who keep password and second factor there, while it is closed for others."""

    def holds(self) -> bool:
        """Whether it requires two-factor of this person, now or from a date."""
        return self.role is Role.VENDOR or self.requirement.stands() or self.keeps_password


def holders_of_last_factor(organisations: Sequence[Holder]) -> tuple[str, ...]:
    """The names of the organisations that forbid removing the last factor; empty when it is allowed."""
    return tuple(organisation.name for organisation in organisations if organisation.holds())
