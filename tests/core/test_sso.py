"""What of a provider's word is believed: evidence of two factors, and the roles that its groups give."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from totrinn.core.lifetimes import CLOCK_TOLERANCE
from totrinn.core.roles import Role
from totrinn.core.sso import DEFAULT_EVIDENCE, LEAST_KEEPERS, SsoRules, first_role, has_evidence, role_at_sign_in

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
AGE = timedelta(hours=8)
RULES = SsoRules(demands_evidence=True)
AGED = replace(RULES, evidence_age=AGE)
REFEDS = "https://refeds.org/profile/mfa"
OWN_WORD = replace(RULES, evidence=("urn:firm:two",))


def _has(rules: SsoRules, amr: Collection[str] = (), acr: str = "", at: datetime | None = NOW) -> bool:
    return has_evidence(rules, amr=amr, acr=acr, authenticated_at=at, now=NOW)


@pytest.mark.row("R85")
@pytest.mark.parametrize("word", DEFAULT_EVIDENCE)
def test_a_word_that_the_connection_accepts_is_evidence(word: str) -> None:
    """As `amr`, beside others, or as `acr` or authentication context."""
    assert _has(RULES, amr=["pwd", word])
    assert _has(RULES, amr=["pwd"], acr=word)


NO_EVIDENCE: list[tuple[list[str], str]] = [
    ([], ""),
    (["pwd"], ""),
    (["otp"], ""),
    (["pwd", "otp", "hwk"], "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"),
    (["MFA"], ""),
    (["mfa "], ""),
    (["not mfa"], "mfa mfa"),
    ([""], ""),
    ([], REFEDS.upper()),
    ([], REFEDS + "/"),
    (list("mfa"), ""),
]


@pytest.mark.row("R85")
@pytest.mark.parametrize(("amr", "acr"), NO_EVIDENCE)
def test_anything_else_is_none(amr: list[str], acr: str) -> None:
    """What is absent, empty, or nearly right proves nothing."""
    assert not _has(RULES, amr, acr)


@pytest.mark.row("R85")
@pytest.mark.parametrize("evidence", [(), ("",), ("", "urn:firm:two")])
def test_an_empty_word_is_never_evidence(evidence: tuple[str, ...]) -> None:
    """A connection with an empty line among its words does not accept a provider that says nothing."""
    rules = replace(RULES, evidence=evidence)
    assert not _has(rules)
    assert not _has(rules, amr=[""])
    assert not _has(rules, amr=["mfa"], acr=REFEDS)


@pytest.mark.row("R85")
def test_a_connection_may_accept_words_of_its_own() -> None:
    """Then the usual ones no longer count, unless they are among them."""
    assert _has(OWN_WORD, acr="urn:firm:two")
    assert not _has(OWN_WORD, amr=["mfa"])


@pytest.mark.row("R85")
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW, True),
        (NOW - AGE, True),
        (NOW - AGE - MOMENT, False),
        (NOW + CLOCK_TOLERANCE, True),
        (NOW + CLOCK_TOLERANCE + MOMENT, False),
        (None, False),
    ],
)
def test_evidence_grows_old(at: datetime | None, expected: bool) -> None:
    """To the moment; of a time that is not told, or lies ahead, nothing is believed."""
    assert _has(AGED, amr=["mfa"], at=at) is expected
    assert not _has(AGED, amr=["pwd"], at=at)


@pytest.mark.row("R85")
@pytest.mark.parametrize("at", [None, NOW, NOW - timedelta(days=365)])
def test_without_an_age_any_time_will_do(at: datetime | None) -> None:
    """Also one that the provider does not tell."""
    assert _has(RULES, amr=["mfa"], at=at)


USER, ADMINISTRATOR, GLOBAL, STAFF = Role.USER, Role.ADMINISTRATOR, Role.GLOBAL_ADMINISTRATOR, Role.VENDOR
MAPPED = SsoRules(roles=(("it", ADMINISTRATOR), ("heads", GLOBAL), ("all", USER), ("it", USER)))

FIRST: list[tuple[SsoRules, list[str], Role]] = [
    (SsoRules(), [], USER),
    (SsoRules(), ["heads"], USER),
    (SsoRules(default_role=ADMINISTRATOR), [], ADMINISTRATOR),
    (SsoRules(default_role=GLOBAL), [], USER),
    (SsoRules(default_role=GLOBAL), ["heads"], USER),
    (SsoRules(default_role=STAFF), [], USER),
    (replace(MAPPED, default_role=STAFF), ["strangers"], USER),
    (MAPPED, [], USER),
    (MAPPED, ["strangers"], USER),
    (MAPPED, ["all"], USER),
    (MAPPED, ["it"], ADMINISTRATOR),
    (MAPPED, ["all", "it", "heads"], GLOBAL),
    (MAPPED, ["HEADS"], USER),
    (replace(MAPPED, default_role=ADMINISTRATOR), ["all"], USER),
    (replace(MAPPED, default_role=ADMINISTRATOR), [], ADMINISTRATOR),
    (replace(MAPPED, default_role=GLOBAL), ["strangers"], USER),
    (SsoRules(roles=(("staff", STAFF),)), ["staff"], USER),
]


@pytest.mark.row("R48")
@pytest.mark.parametrize(("rules", "groups", "role"), FIRST)
def test_who_comes_first_gets_the_highest_role_of_their_groups(rules: SsoRules, groups: list[str], role: Role) -> None:
    """Nobody becomes a global administrator unless a group says so, and nobody the vendor's staff."""
    assert first_role(rules, groups) is role


@pytest.mark.parametrize("current", [USER, ADMINISTRATOR, GLOBAL])
def test_without_mapped_groups_roles_are_given_here_alone(current: Role) -> None:
    """What the provider says of groups changes nobody's role."""
    assert role_at_sign_in(SsoRules(default_role=ADMINISTRATOR), ["heads"], current) is current


@pytest.mark.parametrize("current", [USER, ADMINISTRATOR, GLOBAL])
@pytest.mark.parametrize(("groups", "role"), [(["heads"], GLOBAL), (["it"], ADMINISTRATOR), ([], USER)])
def test_mapped_groups_say_the_role_at_every_sign_in(current: Role, groups: list[str], role: Role) -> None:
    """Up and down: whoever leaves the group loses what it gave."""
    assert role_at_sign_in(MAPPED, groups, current) is role


@pytest.mark.row("R48")
@pytest.mark.parametrize("groups", [[], ["it"], ["heads"]])
def test_the_vendors_staff_take_no_role_from_groups(groups: list[str]) -> None:
    """Their role is not an organisation's to give or take."""
    assert role_at_sign_in(MAPPED, groups, STAFF) is STAFF


def test_two_administrators_at_least_keep_their_password() -> None:
    """Should one of them be away, the other can still get in when the provider fails."""
    assert LEAST_KEEPERS == 2
