"""The decision, as a table: these facts, this verdict, this reason."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from totrinn.core.policy import (
    Admit,
    ConnectionFacts,
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
    SsoProof,
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
SSO_A = Proof(Method.SSO, NOW, sso=SsoProof("A", "link"))
SSO_A_TWO = Proof(Method.SSO, NOW, sso=SsoProof("A", "link", has_evidence=True))
SSO_A_CODE = replace(SSO_A, factor_at=NOW)
SSO_B = Proof(Method.SSO, NOW, sso=SsoProof("B", "link"))
SSO_B_TWO = Proof(Method.SSO, NOW, factor_at=NOW, sso=SsoProof("B", "link", has_evidence=True))
SSO_NOBODY = Proof(Method.SSO, NOW)

ACCEPTS = ConnectionFacts(is_enabled=True, demands_evidence=False)
DEMANDS = ConnectionFacts(is_enabled=True, demands_evidence=True)
SWITCHED_OFF = replace(ACCEPTS, is_enabled=False)
OFF_AND_DEMANDS = replace(DEMANDS, is_enabled=False)

NEW = PersonFacts(is_active=True, has_factor=False, must_enrol=False)
ENROLLED = replace(NEW, has_factor=True)
RESET = replace(NEW, must_enrol=True)
DISABLED = replace(ENROLLED, is_active=False)


@dataclass(frozen=True)
class In:
    """Organisation A: what it requires, the person's role there, whether it is active, and its own SSO."""

    requirement: Requirement
    role: Role | None = Role.USER
    is_active: bool = True
    connection: ConnectionFacts | None = ACCEPTS
    takes_password: bool = True


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
    (SSO_A, NEW, In(TOMORROW, ADMIN), Admit(Reason.PROVEN_BY_SSO)),
    (SSO_A_TWO, NEW, In(ON), Admit(Reason.PROVEN_BY_SSO)),
    # Where the connection demands evidence of two factors, the provider's counts, else our own is asked for.
    (SSO_A_TWO, NEW, In(ON, connection=DEMANDS), Admit(Reason.PROVEN_BY_SSO)),
    (SSO_A_TWO, ENROLLED, In(OFF, connection=DEMANDS), Admit(Reason.PROVEN_BY_SSO)),
    (SSO_A_TWO, RESET, In(ON, connection=DEMANDS), Admit(Reason.PROVEN_BY_SSO)),
    (SSO_A, ENROLLED, In(OFF, connection=DEMANDS), MustVerify(Reason.SSO_WITHOUT_EVIDENCE)),
    (SSO_A, ENROLLED, In(ON, connection=DEMANDS), MustVerify(Reason.SSO_WITHOUT_EVIDENCE)),
    (SSO_A_CODE, ENROLLED, In(ON, connection=DEMANDS), Admit(Reason.SSO_VERIFIED)),
    (SSO_A_CODE, ENROLLED, In(ON), Admit(Reason.PROVEN_BY_SSO)),
    (SSO_A, NEW, In(OFF, connection=DEMANDS), MustEnrol(Reason.SSO_WITHOUT_EVIDENCE)),
    (SSO_A, RESET, In(OFF, connection=DEMANDS), MustEnrol(Reason.SSO_WITHOUT_EVIDENCE)),
    (SSO_A_CODE, NEW, In(OFF, connection=DEMANDS), MustEnrol(Reason.SSO_WITHOUT_EVIDENCE)),
    # Switched off, or the link gone: refused at once, whatever was proven by it.
    (SSO_A, NEW, In(OFF, connection=SWITCHED_OFF), Deny(Reason.CONNECTION_OFF)),
    (SSO_A_TWO, ENROLLED, In(ON, connection=OFF_AND_DEMANDS), Deny(Reason.CONNECTION_OFF)),
    (SSO_A_CODE, ENROLLED, In(OFF, connection=OFF_AND_DEMANDS), Deny(Reason.CONNECTION_OFF)),
    (SSO_A, ENROLLED, In(OFF, connection=OFF_AND_DEMANDS), Deny(Reason.CONNECTION_OFF)),
    (SSO_A, NEW, In(OFF, connection=None), Deny(Reason.LINK_ENDED)),
    (replace(SSO_A_TWO, factor_at=NOW), ENROLLED, In(ON, connection=None), Deny(Reason.LINK_ENDED)),
    # The vendor's own organisation and its staff have no SSO, whatever it says.
    (SSO_A_TWO, ENROLLED, In(ALWAYS, STAFF), Deny(Reason.VENDOR)),
    (SSO_A_TWO, ENROLLED, In(OFF, STAFF), Deny(Reason.VENDOR)),
    (SSO_A, NEW, In(ALWAYS, USER), Deny(Reason.VENDOR)),
    (SSO_A_CODE, ENROLLED, In(ALWAYS, STAFF, connection=DEMANDS), Deny(Reason.VENDOR)),
    (SSO_A, NEW, In(ALWAYS, STAFF, connection=None), Deny(Reason.VENDOR)),
    # Passwords closed: said only after everything that the person has was proven; SSO is not touched by it.
    (PASSWORD, NEW, In(OFF, takes_password=False), Deny(Reason.PASSWORD_CLOSED)),
    (PASSWORD, NEW, In(ON, ADMIN, takes_password=False), Deny(Reason.PASSWORD_CLOSED)),
    (PASSWORD, RESET, In(OFF, takes_password=False), Deny(Reason.PASSWORD_CLOSED)),
    (PASSWORD, ENROLLED, In(ON, takes_password=False), MustVerify(Reason.HAS_FACTOR)),
    (BOTH, ENROLLED, In(ON, takes_password=False), Deny(Reason.PASSWORD_CLOSED)),
    (BOTH, ENROLLED, In(OFF, role=None, takes_password=False), Deny(Reason.NOT_A_MEMBER)),
    (PASSWORD, NEW, In(OFF, is_active=False, takes_password=False), Deny(Reason.NOT_A_MEMBER)),
    (SSO_A, NEW, In(ON, takes_password=False), Admit(Reason.PROVEN_BY_SSO)),
    (SSO_A, NEW, In(OFF, connection=DEMANDS, takes_password=False), MustEnrol(Reason.SSO_WITHOUT_EVIDENCE)),
    # Another organisation's SSO is worth nothing, nor is one before an organisation is known.
    (SSO_B, NEW, In(OFF), Deny(Reason.SSO_OF_ANOTHER)),
    (SSO_B, ENROLLED, In(ON), Deny(Reason.SSO_OF_ANOTHER)),
    (SSO_B_TWO, ENROLLED, In(ON), Deny(Reason.SSO_OF_ANOTHER)),
    (SSO_B_TWO, ENROLLED, In(ON, connection=DEMANDS), Deny(Reason.SSO_OF_ANOTHER)),
    (SSO_B_TWO, ENROLLED, In(OFF, role=None, connection=None), Deny(Reason.SSO_OF_ANOTHER)),
    (SSO_B, NEW, In(ALWAYS, STAFF), Deny(Reason.SSO_OF_ANOTHER)),
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
    (SSO_A_TWO, ENROLLED, In(ALWAYS, role=None, connection=None), Deny(Reason.NOT_A_MEMBER)),
    # Disabled: nothing helps.
    (PASSWORD, DISABLED, In(OFF), Deny(Reason.INACTIVE)),
    (BOTH, DISABLED, In(ON), Deny(Reason.INACTIVE)),
    (SSO_A, DISABLED, In(ON), Deny(Reason.INACTIVE)),
    (SSO_A_CODE, DISABLED, In(ON, connection=None), Deny(Reason.INACTIVE)),
    (PASSWORD, DISABLED, None, Deny(Reason.INACTIVE)),
]


def _facts(proof: Proof | None, person: PersonFacts, place: In | None) -> Facts:
    facts = Facts(now=NOW, person=person, proof=proof, membership_count=2, connection=ACCEPTS)
    if place is None:
        return facts
    organisation = OrganisationFacts("A", place.requirement, place.role, place.is_active, place.takes_password)
    return replace(facts, organisation=organisation, connection=place.connection)


@pytest.mark.row("R27", "R28", "R34", "R39", "R41", "R49", "R50", "R51", "R77", "R84", "R85")
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


PASSWORD_ROWS = [row for row in TABLE if row[0] is None or row[0].method is Method.PASSWORD]


@pytest.mark.row("R77")
@pytest.mark.parametrize("connection", [None, ACCEPTS, DEMANDS, SWITCHED_OFF])
@pytest.mark.parametrize(("proof", "person", "place", "verdict"), PASSWORD_ROWS)
def test_a_connection_changes_nothing_for_a_password(
    proof: Proof | None, person: PersonFacts, place: In | None, verdict: Verdict, connection: ConnectionFacts | None
) -> None:
    """Whoever comes by password is judged as if the organisation had no SSO."""
    assert decide(replace(_facts(proof, person, place), connection=connection)) == verdict


@pytest.mark.row("R77")
@pytest.mark.parametrize("requirement", [OFF, ON, TOMORROW, YESTERDAY])
@pytest.mark.parametrize("person", [NEW, ENROLLED, RESET])
@pytest.mark.parametrize("role", [USER, Role.ADMINISTRATOR, ADMIN])
def test_nobody_who_comes_through_the_organisations_sso_is_disturbed(
    requirement: Requirement, person: PersonFacts, role: Role
) -> None:
    """Whatever it requires, and whatever a person has left from another way in."""
    assert decide(_facts(SSO_A, person, In(requirement, role))) == Admit(Reason.PROVEN_BY_SSO)


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
