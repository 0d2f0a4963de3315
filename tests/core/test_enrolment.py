"""When factors may be set up, changed and removed."""

from datetime import UTC, datetime, timedelta

import pytest

from totrinn.core.enrolment import (
    FRESH_PROOF,
    PASSWORD_BEFORE_SECRET,
    PENDING_LIFETIME,
    Holder,
    Pending,
    holders_of_last_factor,
    is_fresh,
    is_fresh_for_organisation,
    password_is_recent,
)
from totrinn.core.lifetimes import CLOCK_TOLERANCE
from totrinn.core.policy import Method, Proof, Requirement, SsoProof
from totrinn.core.roles import Role

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
JUST = NOW - FRESH_PROOF
TOO_OLD = JUST - MOMENT
AHEAD = NOW + CLOCK_TOLERANCE
TOO_FAR_AHEAD = AHEAD + MOMENT


@pytest.mark.row("R26")
def test_a_pending_secret_can_be_confirmed_for_ten_minutes() -> None:
    """To the moment."""
    assert timedelta(minutes=10) == PENDING_LIFETIME
    pending = Pending(b"sealed", NOW)
    assert pending.is_open(NOW - MOMENT)
    assert not pending.is_open(NOW)
    made_ahead = Pending(b"sealed", NOW + PENDING_LIFETIME + CLOCK_TOLERANCE)
    assert made_ahead.is_open(NOW)
    assert not made_ahead.is_open(NOW - MOMENT)


# has a factor, password proven, factor proven: is it fresh?
FRESHNESS = [
    (False, NOW, None, True),
    (False, JUST, None, True),
    (False, TOO_OLD, None, False),
    (True, NOW, NOW, True),
    (True, JUST, JUST, True),
    (True, TOO_OLD, NOW, False),
    (True, NOW, TOO_OLD, False),
    (True, NOW, None, False),
    (False, NOW, TOO_OLD, True),
    # From a time that a clock set back has yet to reach: believed only as far as two clocks may differ.
    (False, AHEAD, None, True),
    (False, TOO_FAR_AHEAD, None, False),
    (True, NOW, AHEAD, True),
    (True, NOW, TOO_FAR_AHEAD, False),
]


@pytest.mark.row("R7", "R29")
@pytest.mark.parametrize(("has_factor", "proven_at", "factor_at", "expected"), FRESHNESS)
def test_a_proof_is_fresh_when_all_that_one_has_was_proven_within_20_minutes(
    has_factor: bool, proven_at: datetime, factor_at: datetime | None, expected: bool
) -> None:
    """The password, and the factor if there is one; neither alone is enough."""
    assert timedelta(minutes=20) == FRESH_PROOF
    assert is_fresh(Proof(Method.PASSWORD, proven_at, factor_at), has_factor=has_factor, now=NOW) is expected


@pytest.mark.parametrize("has_factor", [False, True])
@pytest.mark.parametrize("factor_at", [None, NOW])
def test_a_proof_by_sso_is_never_fresh(has_factor: bool, factor_at: datetime | None) -> None:
    """An organisation's identity provider changes nobody's own credentials (rule 12)."""
    sso = SsoProof("A", "link", has_evidence=True, authenticated_at=NOW)
    assert not is_fresh(Proof(Method.SSO, NOW, factor_at, sso), has_factor=has_factor, now=NOW)


@pytest.mark.row("R7", "R29")
@pytest.mark.parametrize(("has_factor", "proven_at", "factor_at", "expected"), FRESHNESS)
def test_by_password_an_organisation_is_governed_as_ones_own_credentials_are(
    has_factor: bool, proven_at: datetime, factor_at: datetime | None, expected: bool
) -> None:
    """Everything that the person has, within 20 minutes (rule 5)."""
    proof = Proof(Method.PASSWORD, proven_at, factor_at)
    assert is_fresh_for_organisation(proof, has_factor=has_factor, now=NOW) is expected


# answered by the provider, seen by it: is it fresh?
SSO_FRESHNESS = [
    (NOW, None, True),
    (JUST, None, True),
    (TOO_OLD, None, False),
    (NOW, NOW, True),
    (NOW, JUST, True),
    # The provider still has a session of long ago: its answer is new, the person was not seen.
    (NOW, TOO_OLD, False),
    # What the provider says of later than its answer makes an old answer no newer.
    (TOO_OLD, NOW, False),
    (JUST, TOO_FAR_AHEAD, True),
    (AHEAD, None, True),
    (TOO_FAR_AHEAD, None, False),
    (TOO_FAR_AHEAD, TOO_FAR_AHEAD, False),
]


@pytest.mark.row("R85")
@pytest.mark.parametrize("has_factor", [False, True])
@pytest.mark.parametrize(("proven_at", "seen_at", "expected"), SSO_FRESHNESS)
def test_through_sso_an_organisation_is_governed_soon_after_the_provider_saw_the_person(
    has_factor: bool, proven_at: datetime, seen_at: datetime | None, expected: bool
) -> None:
    """Within 20 minutes, and whatever factor the person has here (rule 13)."""
    proof = Proof(Method.SSO, proven_at, sso=SsoProof("A", "link", authenticated_at=seen_at))
    assert is_fresh_for_organisation(proof, has_factor=has_factor, now=NOW) is expected


@pytest.mark.row("R77")
def test_sso_that_nobody_vouched_for_governs_nothing() -> None:
    """A proof of SSO without what was vouched for is never fresh."""
    assert not is_fresh_for_organisation(Proof(Method.SSO, NOW, NOW), has_factor=False, now=NOW)


def test_a_first_secret_is_shown_within_ten_minutes_of_the_password() -> None:
    """After that it is asked again (rule 4)."""
    assert timedelta(minutes=10) == PASSWORD_BEFORE_SECRET
    assert password_is_recent(Proof(Method.PASSWORD, NOW - PASSWORD_BEFORE_SECRET), NOW)
    assert not password_is_recent(Proof(Method.PASSWORD, NOW - PASSWORD_BEFORE_SECRET - MOMENT), NOW)


TODAY = Requirement(since=NOW)
FROM_NEXT_YEAR = Requirement(since=NOW, from_=NOW + timedelta(days=365))
NOT = Requirement()


@pytest.mark.parametrize(
    ("organisations", "holders"),
    [
        ([], ()),
        ([Holder("A", Role.USER, NOT), Holder("B", Role.GLOBAL_ADMINISTRATOR, NOT)], ()),
        ([Holder("A", Role.USER, TODAY)], ("A",)),
        ([Holder("A", Role.USER, FROM_NEXT_YEAR)], ("A",)),
        ([Holder("A", Role.USER, NOT), Holder("B", Role.USER, TODAY)], ("B",)),
        ([Holder("A", Role.USER, TODAY), Holder("B", Role.USER, FROM_NEXT_YEAR)], ("A", "B")),
        ([Holder("vendor", Role.VENDOR, NOT)], ("vendor",)),
        ([Holder("vendor", Role.USER, Requirement(always=True))], ("vendor",)),
        ([Holder("A", Role.GLOBAL_ADMINISTRATOR, NOT, keeps_password=True)], ("A",)),
        ([Holder("A", Role.USER, NOT, keeps_password=True), Holder("B", Role.USER, TODAY)], ("A", "B")),
    ],
)
def test_the_last_factor_stays_while_any_organisation_requires_it_or_will(
    organisations: list[Holder], holders: tuple[str, ...]
) -> None:
    """Rule 8: each organisation that forbids it is named; a date to come forbids it, too, and a password kept there."""
    assert holders_of_last_factor(organisations) == holders
