"""What an application may demand of a session, and what it is told of it."""

from datetime import UTC, datetime, timedelta

import pytest

from totrinn.core.authorising import Acr, Demands, Prompt, Step, Unmet, level_of, proven_at, weigh
from totrinn.core.policy import Method, Proof, SsoProof

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TWO_FACTOR = (Acr.TWO_FACTOR.value,)


def by_password(*, ago: timedelta = HOUR, factor: bool = False) -> Proof:
    """A proof by password, with or without a second factor."""
    return Proof(Method.PASSWORD, NOW - ago, factor_at=NOW - ago if factor else None)


def by_sso(*, ago: timedelta = HOUR, evidence: bool = False, seen: timedelta | None = None) -> Proof:
    """A proof through SSO; `seen`: how long ago the provider says that it saw the person."""
    at = None if seen is None else NOW - seen
    return Proof(Method.SSO, NOW - ago, sso=SsoProof("o", "i", has_evidence=evidence, authenticated_at=at))


@pytest.mark.row("R61")
def test_the_level_is_never_higher_than_what_was_proven() -> None:
    """A second factor, one's own or one that the provider gave evidence of; else only the way that one came."""
    assert level_of(by_password()) is Acr.PASSWORD
    assert level_of(by_password(factor=True)) is Acr.TWO_FACTOR
    assert level_of(by_sso()) is Acr.SSO
    assert level_of(by_sso(evidence=True)) is Acr.TWO_FACTOR
    assert level_of(Proof(Method.SSO, NOW, factor_at=NOW, sso=SsoProof("o", "i"))) is Acr.TWO_FACTOR


def test_when_somebody_proved_themselves_is_what_the_provider_says() -> None:
    """It may have seen them long before they came; it cannot have seen them after."""
    assert proven_at(by_sso(ago=HOUR, seen=3 * HOUR)) == NOW - 3 * HOUR
    assert proven_at(by_sso(ago=HOUR, seen=timedelta())) == NOW - HOUR
    assert proven_at(by_password()) == NOW - HOUR


@pytest.mark.row("R86")
@pytest.mark.parametrize(
    ("demands", "proof", "has_factor", "step"),
    [
        (Demands(NOW), by_password(), False, Step.ISSUE),
        (Demands(NOW, max_age=HOUR), by_password(), False, Step.ISSUE),
        (Demands(NOW, max_age=timedelta(minutes=59)), by_password(), False, Step.PROVE_AGAIN),
        (Demands(NOW, max_age=timedelta()), by_sso(), False, Step.PROVE_AGAIN),
        (Demands(NOW, frozenset({Prompt.LOGIN})), by_password(), False, Step.PROVE_AGAIN),
        (Demands(NOW, frozenset({Prompt.SELECT_ACCOUNT})), by_password(), False, Step.PROVE_AGAIN),
        (Demands(NOW - 2 * HOUR, frozenset({Prompt.LOGIN})), by_password(), False, Step.ISSUE),
        (Demands(NOW - 2 * HOUR, max_age=timedelta()), by_password(), False, Step.ISSUE),
        (Demands(NOW, frozenset({Prompt.NONE}), timedelta()), by_password(), False, Unmet.LOGIN_REQUIRED),
        (Demands(NOW, levels=TWO_FACTOR), by_password(factor=True), True, Step.ISSUE),
        (Demands(NOW, levels=TWO_FACTOR), by_sso(evidence=True), False, Step.ISSUE),
        (Demands(NOW, levels=TWO_FACTOR), by_sso(), True, Step.PROVE_FACTOR),
        (Demands(NOW, levels=TWO_FACTOR), by_sso(), False, Unmet.UNMET_REQUIREMENTS),
        (Demands(NOW, levels=TWO_FACTOR), by_password(), False, Unmet.UNMET_REQUIREMENTS),
        (Demands(NOW, frozenset({Prompt.NONE}), levels=TWO_FACTOR), by_sso(), True, Unmet.UNMET_REQUIREMENTS),
        (Demands(NOW, levels=("urn:other",)), by_password(factor=True), True, Unmet.UNMET_REQUIREMENTS),
        (Demands(NOW, levels=("urn:other", Acr.PASSWORD.value)), by_password(factor=True), True, Step.ISSUE),
        (Demands(NOW, levels=(Acr.SSO.value,)), by_password(factor=True), True, Unmet.UNMET_REQUIREMENTS),
        (Demands(NOW, levels=(Acr.PASSWORD.value,)), by_sso(evidence=True), True, Unmet.UNMET_REQUIREMENTS),
        (Demands(NOW - HOUR), by_password(ago=-HOUR), False, Step.PROVE_AGAIN),
    ],
)
def test_what_follows_from_what_is_demanded(
    demands: Demands, proof: Proof, has_factor: bool, step: Step | Unmet
) -> None:
    """A code, a step that can be done, or a refusal; whoever has proven themselves for it is not asked again."""
    assert weigh(demands, proof, has_factor=has_factor, now=NOW) == step
