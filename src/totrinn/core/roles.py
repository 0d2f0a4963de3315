"""Who may do what inside one organisation. A role belongs to a membership, never to a person."""

from enum import StrEnum


class Role(StrEnum):
    """A member's role in one organisation."""

    USER = "user"
    ADMINISTRATOR = "administrator"
    GLOBAL_ADMINISTRATOR = "global_administrator"
    VENDOR = "vendor"


class Right(StrEnum):
    """Something that a role may do in its own organisation (or, for the vendor's staff, to every organisation)."""

    USE_ACCOUNT = "use_account"
    SEE_MEMBERS = "see_members"
    MANAGE_MEMBERS = "manage_members"
    CHANGE_ROLES = "change_roles"
    RESET_FACTOR = "reset_factor"
    SEE_SETTINGS = "see_settings"
    CHANGE_SETTINGS = "change_settings"
    CHANGE_REQUIREMENT = "change_requirement"
    SEE_SSO = "see_sso"
    CHANGE_SSO = "change_sso"
    READ_LOG = "read_log"
    PROVISION = "provision"
    """What a directory does with members: by a token, which only a global administrator makes."""
    KEEP_TOKENS = "keep_tokens"
    KEEP_WEBHOOKS = "keep_webhooks"
    CHANGE_FACE = "change_face"
    SEE_ORGANISATIONS = "see_organisations"
    RUN_ORGANISATIONS = "run_organisations"
    SEE_APPLICATIONS = "see_applications"
    RUN_APPLICATIONS = "run_applications"


_USER = frozenset({Right.USE_ACCOUNT, Right.SEE_SETTINGS})
_ADMINISTRATOR = _USER | {Right.SEE_MEMBERS, Right.MANAGE_MEMBERS}
_GLOBAL_ADMINISTRATOR = _ADMINISTRATOR | {
    Right.CHANGE_ROLES,
    Right.RESET_FACTOR,
    Right.CHANGE_SETTINGS,
    Right.CHANGE_REQUIREMENT,
    Right.SEE_SSO,
    Right.CHANGE_SSO,
    Right.READ_LOG,
    Right.PROVISION,
    Right.KEEP_TOKENS,
    Right.KEEP_WEBHOOKS,
    Right.CHANGE_FACE,
}
_VENDOR = frozenset(
    {
        Right.USE_ACCOUNT,
        Right.SEE_ORGANISATIONS,
        Right.RUN_ORGANISATIONS,
        Right.SEE_APPLICATIONS,
        Right.RUN_APPLICATIONS,
        Right.READ_LOG,
        Right.KEEP_TOKENS,
        Right.KEEP_WEBHOOKS,
        Right.CHANGE_FACE,
    }
)

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.USER: _USER,
    Role.ADMINISTRATOR: _ADMINISTRATOR,
    Role.GLOBAL_ADMINISTRATOR: _GLOBAL_ADMINISTRATOR,
    Role.VENDOR: _VENDOR,
}

ASSIGNABLE = (Role.USER, Role.ADMINISTRATOR, Role.GLOBAL_ADMINISTRATOR)
"""The roles that a customer organisation's global administrator may give."""


def may(role: Role, right: Right) -> bool:
    """Whether the role carries the right; what is not listed is not allowed."""
    return right in RIGHTS.get(role, frozenset())


def may_manage(actor: Role, other: Role) -> bool:
    """Whether the actor may remove, or end the sessions of, a member with the other role.

    An administrator manages users and administrators; only a global administrator manages global administrators.
    Nobody manages the vendor's staff from within an organisation.
    """
    if not may(actor, Right.MANAGE_MEMBERS) or other not in ASSIGNABLE:
        return False
    return actor is Role.GLOBAL_ADMINISTRATOR or other is not Role.GLOBAL_ADMINISTRATOR
