"""What an API token may do: a table of scopes, and what no token may ever do (rule 13).

A token acts without a person at the keyboard. So it may read, and act where the act does not weaken; all else asks for
a person's session with a proof not older than 20 minutes.
"""

import re
import zlib
from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

from totrinn.core.roles import Right, Role

LONGEST_LIFE = timedelta(days=366)
PREFIX = "tot_"
_SECRET = 43
"""256 bits, URL-safe."""
_CHECKSUM = 6
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{{_SECRET}}}[0-9A-Za-z]{{{_CHECKSUM}}}", re.ASCII)


class Scope(StrEnum):
    """Something that a token was made for."""

    ORGANISATION_READ = "organisation:read"
    SETTINGS_WRITE = "settings:write"
    REQUIREMENT_STRENGTHEN = "requirement:strengthen"
    MEMBERS_READ = "members:read"
    MEMBERS_MANAGE = "members:manage"
    LOG_READ = "log:read"
    SCIM = "scim"
    ORGANISATIONS_READ = "organisations:read"
    ORGANISATIONS_MANAGE = "organisations:manage"
    APPLICATIONS_READ = "applications:read"


OPENS: dict[Scope, frozenset[Right]] = {
    Scope.ORGANISATION_READ: frozenset({Right.SEE_SETTINGS, Right.SEE_SSO}),
    Scope.SETTINGS_WRITE: frozenset({Right.CHANGE_SETTINGS}),
    Scope.REQUIREMENT_STRENGTHEN: frozenset({Right.SEE_SETTINGS, Right.CHANGE_REQUIREMENT}),
    Scope.MEMBERS_READ: frozenset({Right.SEE_MEMBERS}),
    Scope.MEMBERS_MANAGE: frozenset({Right.SEE_MEMBERS, Right.MANAGE_MEMBERS}),
    Scope.LOG_READ: frozenset({Right.READ_LOG}),
    Scope.SCIM: frozenset({Right.PROVISION}),
    Scope.ORGANISATIONS_READ: frozenset({Right.SEE_ORGANISATIONS}),
    Scope.ORGANISATIONS_MANAGE: frozenset({Right.SEE_ORGANISATIONS, Right.RUN_ORGANISATIONS}),
    Scope.APPLICATIONS_READ: frozenset({Right.SEE_APPLICATIONS}),
}
"""The rights that each scope carries; what stands in no scope is for persons only."""

NEVER = frozenset(
    {
        Right.USE_ACCOUNT,
        Right.CHANGE_ROLES,
        Right.RESET_FACTOR,
        Right.CHANGE_SSO,
        Right.RUN_APPLICATIONS,
        Right.KEEP_TOKENS,
        Right.KEEP_WEBHOOKS,
        Right.CHANGE_FACE,
    }
)
"""The rights that no scope carries."""

OF_ORGANISATION = (
    Scope.ORGANISATION_READ,
    Scope.SETTINGS_WRITE,
    Scope.REQUIREMENT_STRENGTHEN,
    Scope.MEMBERS_READ,
    Scope.MEMBERS_MANAGE,
    Scope.LOG_READ,
    Scope.SCIM,
)
OF_VENDOR = (
    Scope.ORGANISATIONS_READ,
    Scope.ORGANISATIONS_MANAGE,
    Scope.APPLICATIONS_READ,
    Scope.LOG_READ,
)


def opens(scopes: Collection[Scope], right: Right) -> bool:
    """Whether a token with these scopes carries the right; what is not listed is not allowed."""
    return any(right in OPENS.get(scope, frozenset()) for scope in scopes)


def scopes_for(right: Right) -> tuple[Scope, ...]:
    """The scopes that carry the right, in the order of the table."""
    return tuple(scope for scope, rights in OPENS.items() if right in rights)


def scopes_of(*, is_vendor: bool) -> tuple[Scope, ...]:
    """The scopes that a token of the vendor, or of a customer organisation, may have."""
    return OF_VENDOR if is_vendor else OF_ORGANISATION


def may_token_manage(other: Role) -> bool:
    """Whether a token may remove, or end the sessions of, a member with this role: never an administrator."""
    return other is Role.USER


def token_text(secret: str) -> str:
    """The token as it is shown: prefix, 256 random bits, and a checksum by which scanners tell it from other text."""
    return f"{PREFIX}{secret}{_checksum(secret)}"


def is_token(text: str) -> bool:
    """Whether the text has the form of a token, and the checksum is right."""
    if _FORM.fullmatch(text) is None:
        return False
    secret = text[len(PREFIX) : -_CHECKSUM]
    return _checksum(secret) == text[-_CHECKSUM:]


def _checksum(secret: str) -> str:
    number, digits = zlib.crc32(secret.encode("ascii")), ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
