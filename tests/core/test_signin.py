"""The table of a sign-in: what it must contain, and what it must never contain."""

from itertools import product

import pytest

from totrinn.core.policy import Admit, Deny, MustChoose, MustEnrol, MustVerify, Reason, Verdict
from totrinn.core.signin import TRANSITIONS, Act, State, advance, allows

VERDICTS: tuple[Verdict, ...] = (
    Admit(Reason.VERIFIED),
    MustVerify(Reason.HAS_FACTOR),
    MustChoose(Reason.SEVERAL_ORGANISATIONS),
    MustEnrol(Reason.REQUIRED),
)
STANDS_FOR = {
    State.VERIFYING: MustVerify,
    State.CHOOSING: MustChoose,
    State.MUST_REPROVE: MustEnrol,
    State.MUST_ENROL: MustEnrol,
    State.ENROLLING: MustEnrol,
    State.ADMITTED: Admit,
}


@pytest.mark.row("R40")
def test_what_the_table_does_not_name_is_denied() -> None:
    """Every combination leads where the table says, or is a denial for the verdict's own reason."""
    for state, act, verdict in product(State, Act, VERDICTS):
        expected = TRANSITIONS.get((state, act, type(verdict)), Deny(verdict.reason))
        assert advance(state, act, verdict) == expected


@pytest.mark.row("R94")
def test_a_denial_stays_a_denial() -> None:
    """No act in any state overcomes it, and its reason is kept."""
    for state, act in product(State, Act):
        assert advance(state, act, Deny(Reason.INACTIVE)) == Deny(Reason.INACTIVE)


@pytest.mark.parametrize(("key", "leads_to"), TRANSITIONS.items(), ids=str)
def test_no_entry_leads_further_than_its_verdict(key: tuple[State, Act, type[Verdict]], leads_to: State) -> None:
    """Each state that is reached stands for the verdict that led there: only `Admit` admits."""
    assert STANDS_FOR[leads_to] is key[2]


@pytest.mark.row("R40")
@pytest.mark.parametrize("state", State)
def test_returning_moves_nobody(state: State) -> None:
    """A request that proves nothing leaves a sign-in where it stands, or ends it."""
    for verdict in VERDICTS:
        assert advance(state, Act.RETURNED, verdict) in (state, Deny(verdict.reason))
    assert advance(state, Act.RETURNED, Admit(Reason.VERIFIED)) == Deny(Reason.VERIFIED)


BEGINNING = {Act.PROVED_PASSWORD, Act.PROVED_SSO, Act.PROVED_SSO_OWNING_PASSWORD}
PROVING = BEGINNING | {Act.PROVED_CODE, Act.PROVED_RECOVERY_CODE, Act.CONFIRMED_ENROLMENT}
CHOOSING = {Act.CHOSE_ORGANISATION, Act.SWITCHED, Act.SWITCHED_LONG_AGO}


def test_only_a_proof_or_a_choice_admits() -> None:
    """Starting, expiring, returning and losing admission never do."""
    assert {key[1] for key, leads_to in TRANSITIONS.items() if leads_to is State.ADMITTED} == PROVING | CHOOSING


@pytest.mark.row("R40")
def test_a_sign_in_begins_with_the_password_or_sso() -> None:
    """Where nothing is proven nothing else has a place, and neither has a place anywhere else."""
    assert {act for act in Act if allows(State.NOTHING_PROVEN, act)} == BEGINNING
    for act in BEGINNING:
        assert {state for state in State if allows(state, act)} == {State.NOTHING_PROVEN}


@pytest.mark.row("R28")
def test_a_secret_is_shown_only_to_somebody_who_must_enrol() -> None:
    """Enrolment starts from being held at it, under the verdict that says so."""
    ways_in = {key for key, leads_to in TRANSITIONS.items() if leads_to is State.ENROLLING}
    assert {key[2] for key in ways_in} == {MustEnrol}
    assert {key[0] for key in ways_in} == {State.MUST_ENROL, State.ENROLLING}


@pytest.mark.row("R40")
def test_only_a_started_enrolment_can_be_confirmed() -> None:
    """Nothing is confirmed before it was shown."""
    assert {state for state in State if allows(state, Act.CONFIRMED_ENROLMENT)} == {State.ENROLLING}


@pytest.mark.row("R40")
def test_codes_have_a_place_at_their_own_step_only() -> None:
    """Elsewhere a typed code is not even looked at."""
    for act in (Act.PROVED_CODE, Act.PROVED_RECOVERY_CODE):
        assert {state for state in State if allows(state, act)} == {State.VERIFYING}


@pytest.mark.row("R40")
def test_organisations_are_shown_after_the_factor() -> None:
    """Who still has to verify chooses nothing."""
    assert not allows(State.VERIFYING, Act.CHOSE_ORGANISATION)


def test_an_act_has_a_place_where_the_table_has_an_entry() -> None:
    """`allows` promises neither more nor less than the table holds."""
    for state, act in product(State, Act):
        leads_on = any(isinstance(advance(state, act, verdict), State) for verdict in VERDICTS)
        assert allows(state, act) is leads_on


@pytest.mark.row("R41")
@pytest.mark.parametrize("act", [Act.LOST_ADMISSION_LONG_AGO, Act.SWITCHED_LONG_AGO])
def test_a_password_proven_long_ago_is_asked_again_before_enrolment(act: Act) -> None:
    """A session that was held after a while does not go straight to a secret."""
    assert advance(State.ADMITTED, act, MustEnrol(Reason.REQUIRED)) is State.MUST_REPROVE
    assert not allows(State.MUST_REPROVE, Act.STARTED_ENROLMENT)
    assert advance(State.MUST_REPROVE, Act.CHOSE_ORGANISATION, MustEnrol(Reason.REQUIRED)) is State.MUST_REPROVE


# through SSO, and so judged: where it leads whoever has no password, and whoever owns one
SSO_TABLE: list[tuple[Verdict, State | Deny, State | Deny]] = [
    (Admit(Reason.PROVEN_BY_SSO), State.ADMITTED, State.ADMITTED),
    (MustVerify(Reason.SSO_WITHOUT_EVIDENCE), State.VERIFYING, State.VERIFYING),
    (MustEnrol(Reason.SSO_WITHOUT_EVIDENCE), State.MUST_ENROL, State.MUST_REPROVE),
    (MustChoose(Reason.SEVERAL_ORGANISATIONS), Deny(Reason.SEVERAL_ORGANISATIONS), Deny(Reason.SEVERAL_ORGANISATIONS)),
    (Deny(Reason.CONNECTION_OFF), Deny(Reason.CONNECTION_OFF), Deny(Reason.CONNECTION_OFF)),
]


@pytest.mark.row("R77", "R85")
@pytest.mark.parametrize(("verdict", "without", "owning"), SSO_TABLE)
def test_whoever_owns_a_password_enrols_through_sso_only_after_it(
    verdict: Verdict, without: State | Deny, owning: State | Deny
) -> None:
    """The provider alone sets up nothing in their name; in all else the two come alike, and neither chooses."""
    assert advance(State.NOTHING_PROVEN, Act.PROVED_SSO, verdict) == without
    assert advance(State.NOTHING_PROVEN, Act.PROVED_SSO_OWNING_PASSWORD, verdict) == owning


@pytest.mark.row("R77")
def test_a_session_through_sso_that_is_lost_goes_on_to_the_factor_or_ends() -> None:
    """Nobody is led from it to enrolment: they come through the provider again."""
    ways_on = {key: leads_to for key, leads_to in TRANSITIONS.items() if key[1] is Act.LOST_SSO_ADMISSION}
    assert ways_on == {(State.ADMITTED, Act.LOST_SSO_ADMISSION, MustVerify): State.VERIFYING}
