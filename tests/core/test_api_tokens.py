"""What tokens may, as a table; and what they look like."""

import pytest

from totrinn.core.api_tokens import (
    NEVER,
    OF_ORGANISATION,
    OF_VENDOR,
    OPENS,
    Scope,
    is_token,
    may_token_manage,
    opens,
    scopes_for,
    scopes_of,
    token_text,
)
from totrinn.core.roles import Right, Role, may

SECRET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO_-"


@pytest.mark.parametrize("right", Right)
def test_every_right_is_for_tokens_or_for_persons_only(right: Right) -> None:
    """Whoever adds a right says which; a scope opens nothing that stands among what no token may."""
    assert bool(scopes_for(right)) != (right in NEVER)
    assert opens(tuple(Scope), right) != (right in NEVER)


@pytest.mark.row("R41")
def test_what_weakens_or_governs_is_in_no_scope() -> None:
    """Resets, connections, administrators' roles, applications and tokens themselves ask for a person (rule 13)."""
    weakening = {Right.RESET_FACTOR, Right.CHANGE_SSO, Right.CHANGE_ROLES, Right.RUN_APPLICATIONS, Right.KEEP_TOKENS}
    assert weakening <= NEVER
    assert [right for scope in Scope for right in OPENS[scope] if right in weakening] == []


def test_a_scope_is_worth_no_more_than_the_role_that_gives_it() -> None:
    """Every right of a scope is one of the role that makes such tokens."""
    for role, scopes in ((Role.GLOBAL_ADMINISTRATOR, OF_ORGANISATION), (Role.VENDOR, OF_VENDOR)):
        assert [right for scope in scopes for right in OPENS[scope] if not may(role, right)] == []
    assert set(OF_ORGANISATION) | set(OF_VENDOR) == set(Scope)
    assert scopes_of(is_vendor=True) == OF_VENDOR
    assert scopes_of(is_vendor=False) == OF_ORGANISATION


def test_a_token_touches_no_administrator() -> None:
    """It removes and signs out users only."""
    assert [role for role in Role if may_token_manage(role)] == [Role.USER]


def test_a_token_is_told_from_other_text() -> None:
    """By prefix, length, letters and checksum; one letter changed anywhere is no token any more."""
    text = token_text(SECRET)
    assert text.startswith("tot_")
    assert len(text) == 53
    assert is_token(text)
    for at in range(len(text)):
        other = "x" if text[at] != "x" else "y"
        assert not is_token(text[:at] + other + text[at + 1 :]), at
    for wrong in ("", text[:-1], text + "0", f" {text}", f"{text}\n", text.upper(), SECRET, "tot_", "tot_æ" + text[5:]):
        assert not is_token(wrong), wrong
