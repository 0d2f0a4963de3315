"""The decision, as a table: these facts, this verdict, this reason."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from totrinn.core.policy import (
    Admit,
    Deny,
    Facts,
    Method,
    MustChoose,
    MustEnrol,
    MustVerify,
    OrganisationFacts,
    PersonFacts,
    Proof,
    Reason,
    Requirement,
    Verdict,
    decide,
)
from totrinn.core.roles import Role

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)

OFF = Requirement()
ON = Requirement(since=NOW - timedelta(days=1))
TOMORROW = replace(ON, from_=NOW + timedelta(days=1))
YESTERDAY = replace(ON, from_=NOW - timedelta(hours=1))
ALWAYS = Requirement(always=True)

NOTHING = None
PASSWORD = Proof(Method.PASSWORD, NOW)
BOTH = Proof(Method.PASSWORD, NOW, factor_at=NOW)
SSO_A = Proof(Method.SSO, NOW, sso_organisation="A")
SSO_B = Proof(Method.SSO, NOW, sso_organisation="B")
SSO_NOBODY = Proof(Method.SSO, NOW)

NEW = PersonFacts(is_active=True, has_factor=False, must_enrol=False)
ENROLLED = replace(NEW, has_factor=True)
RESET = replace(NEW, must_enrol=True)
DISABLED = replace(ENROLLED, is_active=False)


@dataclass(frozen=True)
class In:
    """Organisation A: what it requires, the person's role there, and whether it is active."""

    requirement: Requirement
    role: Role | None = Role.USER
    is_active: bool = True


USER, ADMIN, STAFF = Role.USER, Role.GLOBAL_ADMINISTRATOR, Role.VENDOR

# proven, the person, the organisation: the verdict
TABLE: list[tuple[Proof | None, PersonFacts, In | None, Verdict]] = [
    # Nothing proven opens nothing, whatever is required.
    (NOTHING, NEW, In(OFF), Deny(Reason.NOTHING_PROVEN)),
    (NOTHING, ENROLLED, In(ON), Deny(Reason.NOTHING_PROVEN)),
    (NOTHING, NEW, None, Deny(Reason.NOTHING_PROVEN)),
    # A password alone, where nothing is required.
    (PASSWORD, NEW, In(OFF), Admit(Reason.NOT_REQUIRED)),
    (PASSWORD, NEW, In(OFF, ADMIN), Admit(Reason.NOT_REQUIRED)),
    (PASSWORD, NEW, In(TOMORROW), Admit(Reason.NOT_REQUIRED)),
    # A password alone, where a second factor is required.
    (PASSWORD, NEW, In(ON), MustEnrol(Reason.REQUIRED)),
    (PASSWORD, NEW, In(ON, ADMIN), MustEnrol(Reason.REQUIRED)),
    (PASSWORD, NEW, In(YESTERDAY), MustEnrol(Reason.REQUIRED)),
    # Who has a factor must use it, required or not, before anything else is said.
    (PASSWORD, ENROLLED, In(OFF), MustVerify(Reason.HAS_FACTOR)),
    (PASSWORD, ENROLLED, In(ON), MustVerify(Reason.HAS_FACTOR)),
    (PASSWORD, ENROLLED, In(ON, role=None), MustVerify(Reason.HAS_FACTOR)),
    (PASSWORD, ENROLLED, None, MustVerify(Reason.HAS_FACTOR)),
    (BOTH, ENROLLED, In(OFF), Admit(Reason.VERIFIED)),
    (BOTH, ENROLLED, In(ON), Admit(Reason.VERIFIED)),
    # A reset: enrolment everywhere, required or not.
    (PASSWORD, RESET, In(OFF), MustEnrol(Reason.RESET)),
    (PASSWORD, RESET, In(ON), MustEnrol(Reason.RESET)),
    (PASSWORD, RESET, In(ALWAYS, STAFF), MustEnrol(Reason.RESET)),
    (BOTH, RESET, In(OFF), MustEnrol(Reason.RESET)),
    (PASSWORD, replace(RESET, has_factor=True), In(OFF), MustVerify(Reason.HAS_FACTOR)),
    (BOTH, replace(RESET, has_factor=True), In(OFF), MustEnrol(Reason.RESET)),
    # A factor that was proven, and has been removed since, counts for nothing.
    (BOTH, NEW, In(ON), MustEnrol(Reason.REQUIRED)),
    (BOTH, NEW, In(OFF), Admit(Reason.NOT_REQUIRED)),
    # The vendor's staff always need one.
    (PASSWORD, NEW, In(ALWAYS, STAFF), MustEnrol(Reason.VENDOR)),
    (PASSWORD, NEW, In(OFF, STAFF), MustEnrol(Reason.VENDOR)),
    (PASSWORD, NEW, In(ALWAYS, USER), MustEnrol(Reason.VENDOR)),
    (BOTH, ENROLLED, In(ALWAYS, STAFF), Admit(Reason.VERIFIED)),
    # The organisation's own SSO is enough there, whatever label the person bears.
    (SSO_A, NEW, In(ON), Admit(Reason.PROVEN_BY_SSO)),
    (SSO_A, ENROLLED, In(ON), Admit(Reason.PROVEN_BY_SSO)),
    (SSO_A, RESET, In(ON), Admit(Reason.PROVEN_BY_SSO)),
    (SSO_A, NEW, In(OFF), Admit(Reason.PROVEN_BY_SSO)),
    # Another organisation's SSO is worth nothing, nor is one before an organisation is known.
    (SSO_B, NEW, In(OFF), Deny(Reason.SSO_OF_ANOTHER)),
    (SSO_B, ENROLLED, In(ON), Deny(Reason.SSO_OF_ANOTHER)),
    (replace(SSO_B, factor_at=NOW), ENROLLED, In(ON), Deny(Reason.SSO_OF_ANOTHER)),
    (SSO_NOBODY, NEW, In(OFF), Deny(Reason.SSO_OF_ANOTHER)),
    (SSO_A, NEW, None, Deny(Reason.SSO_OF_ANOTHER)),
    (SSO_NOBODY, NEW, None, Deny(Reason.SSO_OF_ANOTHER)),
    # Several organisations: first the factor, then the choice.
    (PASSWORD, NEW, None, MustChoose(Reason.SEVERAL_ORGANISATIONS)),
    (BOTH, ENROLLED, None, MustChoose(Reason.SEVERAL_ORGANISATIONS)),
    (PASSWORD, RESET, None, MustChoose(Reason.SEVERAL_ORGANISATIONS)),
    # No member, no way in.
    (PASSWORD, NEW, In(OFF, role=None), Deny(Reason.NOT_A_MEMBER)),
    (BOTH, ENROLLED, In(ON, role=None), Deny(Reason.NOT_A_MEMBER)),
    (SSO_A, NEW, In(ON, role=None), Deny(Reason.NOT_A_MEMBER)),
    (PASSWORD, RESET, In(OFF, role=None), Deny(Reason.NOT_A_MEMBER)),
    # An organisation that is closed has no members.
    (PASSWORD, NEW, In(OFF, is_active=False), Deny(Reason.NOT_A_MEMBER)),
    (BOTH, ENROLLED, In(ON, is_active=False), Deny(Reason.NOT_A_MEMBER)),
    (SSO_A, NEW, In(ON, is_active=False), Deny(Reason.NOT_A_MEMBER)),
    # Disabled: nothing helps.
    (PASSWORD, DISABLED, In(OFF), Deny(Reason.INACTIVE)),
    (BOTH, DISABLED, In(ON), Deny(Reason.INACTIVE)),
    (SSO_A, DISABLED, In(ON), Deny(Reason.INACTIVE)),
    (PASSWORD, DISABLED, None, Deny(Reason.INACTIVE)),
]


def _facts(proof: Proof | None, person: PersonFacts, place: In | None) -> Facts:
    organisation = OrganisationFacts("A", place.requirement, place.role, place.is_active) if place else None
    return Facts(now=NOW, person=person, proof=proof, organisation=organisation, membership_count=2)


@pytest.mark.row("R27", "R28", "R34", "R39", "R41", "R49", "R50", "R51", "R77", "R84")
@pytest.mark.parametrize(("proof", "person", "place", "verdict"), TABLE)
def test_these_facts_give_this_verdict(
    proof: Proof | None, person: PersonFacts, place: In | None, verdict: Verdict
) -> None:
    """Each row of the table, with its reason."""
    assert decide(_facts(proof, person, place)) == verdict


@pytest.mark.row("R58")
def test_a_proof_older_than_the_password_or_a_reset_opens_nothing() -> None:
    """Whatever the facts of the table were worth, with a proof that is outdated they are denied."""
    for proof, person, place, verdict in TABLE:
        outdated = decide(replace(_facts(proof, person, place), proof_is_current=False))
        if isinstance(verdict, Deny) and verdict.reason in (Reason.NOTHING_PROVEN, Reason.INACTIVE):
            assert outdated == verdict
        else:
            assert outdated == Deny(Reason.PROOF_OUTDATED)


@pytest.mark.row("R49")
@pytest.mark.parametrize(("proof", "person"), [(PASSWORD, NEW), (BOTH, ENROLLED), (PASSWORD, RESET)])
def test_who_is_a_member_of_nothing_is_told_so(proof: Proof, person: PersonFacts) -> None:
    """There is nothing to choose, and no session."""
    nowhere = replace(_facts(proof, person, None), membership_count=0)
    assert decide(nowhere) == Deny(Reason.NO_MEMBERSHIP)


def test_a_person_with_a_factor_is_told_of_no_membership_only_after_it() -> None:
    """Whoever knows the password alone does not learn where its owner belongs."""
    nowhere = replace(_facts(PASSWORD, ENROLLED, None), membership_count=0)
    assert decide(nowhere) == MustVerify(Reason.HAS_FACTOR)


def test_every_reason_is_reached() -> None:
    """The tables here show every reason that there is."""
    shown = {verdict.reason for *_, verdict in TABLE} | {Reason.PROOF_OUTDATED, Reason.NO_MEMBERSHIP}
    assert shown == set(Reason)


@pytest.mark.row("R41")
@pytest.mark.parametrize(
    ("requirement", "stands", "bites"),
    [
        (OFF, False, False),
        (ON, True, True),
        (TOMORROW, True, False),
        (YESTERDAY, True, True),
        (ALWAYS, True, True),
        (replace(ON, from_=NOW), True, True),
        (replace(ON, from_=NOW + MOMENT), True, False),
        (replace(ON, from_=NOW - MOMENT), True, True),
        (Requirement(from_=NOW - MOMENT), False, False),
    ],
)
def test_a_requirement_bites_from_its_date_on(requirement: Requirement, stands: bool, bites: bool) -> None:
    """To the moment; it stands as soon as it is turned on."""
    assert requirement.stands() is stands
    assert requirement.bites(NOW) is bites
    facts = _facts(PASSWORD, NEW, In(requirement))
    assert isinstance(decide(facts), MustEnrol) is bites
