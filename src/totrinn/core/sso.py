"""What an organisation agrees to believe of its identity provider: evidence of two factors, groups, first sign-ins."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from totrinn.core.lifetimes import CLOCK_TOLERANCE
from totrinn.core.roles import ASSIGNABLE, Role

DEFAULT_EVIDENCE = (
    "mfa",
    "https://refeds.org/profile/mfa",
    "http://schemas.microsoft.com/claims/multipleauthn",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken",
)
"""What says that two factors were used: `amr` (RFC 8176), `acr` values and SAML authentication contexts."""
DEFAULT_ROLES = (Role.USER, Role.ADMINISTRATOR)
"""The roles that may be given to whoever comes for the first time, without a group that says so."""
LEAST_KEEPERS = 2
"""Where password sign-in is closed, so many named global administrators keep theirs, with a second factor."""


@dataclass(frozen=True, slots=True)
class SsoRules:
    """What one connection's sign-ins are worth, and what they may bring about."""

    demands_evidence: bool = False
    evidence: tuple[str, ...] = DEFAULT_EVIDENCE
    evidence_age: timedelta | None = None
    """How long ago the person may have proven themselves to the provider for it to count; None: any time."""
    creates_members: bool = True
    """Whether somebody unknown with an address of a proven domain becomes a member at the first sign-in."""
    default_role: Role = Role.USER
    asks_for: tuple[str, ...] = ()
    """The `acr` values or authentication contexts that the provider is asked for."""
    roles: tuple[tuple[str, Role], ...] = ()
    """The provider's groups, and the roles that they give; empty: roles are given here alone."""


def has_evidence(
    rules: SsoRules, *, amr: Collection[str], acr: str, authenticated_at: datetime | None, now: datetime
) -> bool:
    """Whether the provider stated in words that the connection accepts, and lately enough, that two factors were used.

    What is absent proves nothing (R85).
    """
    if not {*amr, acr} & {word for word in rules.evidence if word}:
        return False
    if rules.evidence_age is None:
        return True
    return authenticated_at is not None and -CLOCK_TOLERANCE <= now - authenticated_at <= rules.evidence_age


def first_role(rules: SsoRules, groups: Collection[str]) -> Role:
    """The role of whoever comes for the first time: never a global administrator unless one of the groups says so."""
    mapped = _highest(rules, groups)
    if mapped is not None:
        return mapped
    return rules.default_role if rules.default_role in DEFAULT_ROLES else Role.USER


def role_at_sign_in(rules: SsoRules, groups: Collection[str], current: Role) -> Role:
    """The role after another sign-in: what the groups say, where the connection maps any; else as it is."""
    if not rules.roles or current not in ASSIGNABLE:
        return current
    return first_role(rules, groups)


def _highest(rules: SsoRules, groups: Collection[str]) -> Role | None:
    """The highest role that one of the groups gives."""
    given = {role for group, role in rules.roles if group in groups}
    return next((role for role in reversed(ASSIGNABLE) if role in given), None)
